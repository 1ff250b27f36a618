/*
 * A library to preload into a program. It replaces getenv(3) of libc, and appends the name of each
 * variable that the program reads to the file that NOTED names.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static char *find(const char *name)
{
    size_t length = strlen(name);
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
            return *entry + length + 1;
    return NULL;
}

char *getenv(const char *name)
{
    char line[256];
    const char *path = find("NOTED");
    int length = snprintf(line, sizeof line, "%s\n", name);
    int file = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (file >= 0) {
        if (write(file, line, length) < 0)
            _exit(127);
        close(file);
    }
    return find(name);
}

char *secure_getenv(const char *name)
{
    return getenv(name);
}
