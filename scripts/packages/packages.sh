#!/usr/bin/env bash
# Makes the packages of a version for one kind of processor: .deb with dpkg-deb and .rpm with rpmbuild.
#   ns8-sendmail      the executable, manual page, completions, handler, licences
#   ns8-sendmail-mta  makes it the system's sendmail, mailq and newaliases
# The executable and the documents must exist already (scripts/release.sh makes them).
# Usage: packages.sh TARGET EXECUTABLE DOCUMENTS LICENCES FOLDER
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../toolchain/environment.sh"

TARGET=$1 EXECUTABLE=$2 DOCUMENTS=$3 LICENCES=$4 FOLDER=$5
HERE=$ROOT/scripts/packages
VERSION=$(project_version)
RPM_ARCHITECTURE=${TARGET%%-*}
case $RPM_ARCHITECTURE in
  x86_64) DEB_ARCHITECTURE=amd64 ;;
  aarch64) DEB_ARCHITECTURE=arm64 ;;
  *) fail "There are no packages for $TARGET" ;;
esac

# The same source makes the same packages: files have the date of the commit.
SOURCE_DATE_EPOCH=$(git -C "$ROOT" log -1 --format=%ct 2>/dev/null || stat -c %Y "$ROOT/deno.json")
export SOURCE_DATE_EPOCH

# write_files TREE ZSH_FOLDER: writes the files of ns8-sendmail where they belong on a host. /usr/bin/ns8-sendmail
# is a link to a file with the version in its name: the runtime reads its file again some milliseconds
# after the start, and must not find the next version there.
write_files() {
  local tree=$1 real=usr/lib/ns8-sendmail/ns8-sendmail-$VERSION
  install -D -m 755 -- "$EXECUTABLE" "$tree/$real"
  install -d -- "$tree/usr/bin"
  ln -s -- "../${real#usr/}" "$tree/usr/bin/ns8-sendmail"
  install -D -m 644 -- "$DOCUMENTS/ns8-sendmail.1" "$tree/usr/share/man/man1/ns8-sendmail.1"
  gzip -9n -- "$tree/usr/share/man/man1/ns8-sendmail.1"
  install -D -m 644 -- "$DOCUMENTS/ns8-sendmail.bash" "$tree/usr/share/bash-completion/completions/ns8-sendmail"
  install -D -m 644 -- "$DOCUMENTS/_ns8-sendmail" "$tree$2/_ns8-sendmail"
  install -D -m 755 -- "$ROOT/scripts/host/10handler" "$tree/usr/share/ns8-sendmail/10handler"
  install -D -m 644 -- "$ROOT/LICENSE" "$tree/usr/share/doc/ns8-sendmail/copyright"
  install -D -m 644 -- "$LICENCES" "$tree/usr/share/doc/ns8-sendmail/THIRD-PARTY"
  install -D -m 644 -- "$ROOT/CHANGELOG.md" "$tree/usr/share/doc/ns8-sendmail/CHANGELOG.md"
}

# write_links TREE: writes the links under whose names programs call the system's mailer.
write_links() {
  local tree=$1
  install -d -- "$tree/usr/sbin" "$tree/usr/bin" "$tree/usr/lib"
  ln -s ../bin/ns8-sendmail "$tree/usr/sbin/sendmail"
  ln -s ../sbin/sendmail "$tree/usr/lib/sendmail"
  ln -s ns8-sendmail "$tree/usr/bin/mailq"
  ln -s ns8-sendmail "$tree/usr/bin/newaliases"
  install -D -m 644 -- "$ROOT/LICENSE" "$tree/usr/share/doc/ns8-sendmail-mta/copyright"
}

# fill_in FILE: prints the file with the values of this version.
fill_in() {
  sed -e "s/@VERSION@/$VERSION/g" -e "s/@ARCHITECTURE@/$DEB_ARCHITECTURE/g" -e "s/@SIZE@/${SIZE:-0}/g" "$1"
}

# make_deb NAME TREE ARCHITECTURE
make_deb() {
  local SIZE script
  SIZE=$(du -sk --apparent-size -- "$2" | cut -f 1)
  install -d -- "$2/DEBIAN"
  fill_in "$HERE/$1.control" >"$2/DEBIAN/control"
  for script in postinst prerm; do
    [ -e "$HERE/$1.$script" ] || continue
    { echo '#!/bin/sh' && cat "$HERE/$1.$script"; } >"$2/DEBIAN/$script"
    chmod 755 "$2/DEBIAN/$script"
  done
  dpkg-deb --root-owner-group -Zzstd -z9 --build "$2" "$FOLDER/${1}_${VERSION}_$3.deb" >/dev/null
}

# make_rpm NAME TREE ARCHITECTURE
make_rpm() {
  local top=$WORK/rpm-$1
  mkdir -p "$top"
  fill_in "$HERE/$1.spec" >"$top/$1.spec"
  # rpm removes a folder only if the list of files names it.
  (cd "$2" && find . \( -type f -o -type l \) -printf '/%P\n' -o -type d \( -name 'ns8-sendmail*' \
    -o -path './usr/share/bash-completion*' -o -path './usr/share/zsh*' \) -printf '%%dir /%P\n') |
    sort >"$top/files"
  {
    cat "$top/$1.spec"
    for script in postinst prerm; do
      [ -e "$HERE/$1.$script" ] || continue
      if [ "$script" = postinst ]; then echo '%post'; else echo '%preun'; fi
      cat "$HERE/$1.$script"
    done
    echo "%install"
    echo "mkdir -p %{buildroot} && cp -a '$2/.' %{buildroot}/"
    echo "%files -f $top/files"
  } >"$top/full.spec"
  rpmbuild --quiet -bb --target "$3" --define "_topdir $top" --define "_rpmdir $FOLDER" \
    --define "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" --define "_binary_payload w9.zstdio" \
    --define "__os_install_post %{nil}" --define "_build_id_links none" --define "debug_package %{nil}" \
    --define "use_source_date_epoch_as_buildtime 1" --define "clamp_mtime_to_source_date_epoch 1" \
    --define "_buildhost localhost" --define "_binaries_in_noarch_packages_terminate_build 0" \
    --define "_dbpath $top/db" "$top/full.spec" >"$top/log" 2>&1 || fail "rpmbuild failed for $1: $(tail -n 1 "$top/log")"
}

"$ROOT/scripts/toolchain/packages.sh" dpkg-deb rpmbuild
lock_cache
work_folder "packages-$TARGET"
mkdir -p "$FOLDER"
FOLDER=$(cd -- "$FOLDER" && pwd -P)
umask 022
say "Making packages for $DEB_ARCHITECTURE"
write_files "$WORK/deb" /usr/share/zsh/vendor-completions
write_files "$WORK/rpm" /usr/share/zsh/site-functions
write_links "$WORK/deb-mta"
write_links "$WORK/rpm-mta"
find "$WORK" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
make_deb ns8-sendmail "$WORK/deb" "$DEB_ARCHITECTURE"
make_rpm ns8-sendmail "$WORK/rpm" "$RPM_ARCHITECTURE"
# This package is the same for every kind of processor.
if [ "$TARGET" = "$HOST_TARGET" ]; then
  make_deb ns8-sendmail-mta "$WORK/deb-mta" all
  make_rpm ns8-sendmail-mta "$WORK/rpm-mta" noarch
fi
