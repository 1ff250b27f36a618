import assert from "node:assert/strict";
import { isHtml } from "../../../lib/message/html.ts";

const octets = (text: string) => new TextEncoder().encode(text);

const HTML: [title: string, text: string][] = [
  ["a document type", "<!DOCTYPE html>\n<html>"],
  ["a document type in lower case", "<!doctype html>"],
  ["a document type of old", '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN">'],
  ["a document type over two lines", "<!DOCTYPE\n html\n>"],
  ["html", "<html lang=en>"],
  ["HTML in odd case", "<HtMl>"],
  ["body", "<body\nclass=a>"],
  ["p", "<p>Hello"],
  ["a closed br", "<br/>"],
  ["div with attributes", '<div style="color: red">x</div>'],
  ["table", "<table\tborder=1>"],
  ["h1", "<h1>x</h1>"],
  ["a link", '<a href="https://x.org">x</a>'],
  ["an element of yesterday", "<center>x</center>"],
  ["a listing", "<listing>x</listing>"],
  ["columns", "<MULTICOL cols=2>x</MULTICOL>"],
  ["white space before it", " \t\r\n\f<p>x"],
  ["a comment before it", "<!-- a > b -- c --><p>x"],
  ["comments and white space before it", "\n<!-- a -->\n<!---->\n <html>"],
  ["an XML declaration before it", '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>'],
  [
    "an XML declaration and html",
    "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>",
  ],
  ["an XML declaration and a comment", '<?xml version="1.0"?><!-- a ?> --> <html>'],
  ["a style sheet of XML before it", '<?xml version="1.0"?>\n<?xml-stylesheet href="a"?>\n<html>'],
  ["much white space before it", `${"\n".repeat(100_000)}<p>`],
  ["a byte order mark before it", "\ufeff<!doctype html>"],
  ["a long comment before it", `<!--${"x".repeat(100_000)}--><p>`],
];

for (const [title, text] of HTML) {
  Deno.test(`a text that starts with ${title} is HTML`, () => {
    assert.equal(isHtml(octets(text)), true);
  });
}

const TEXT: [title: string, text: string][] = [
  ["nothing", ""],
  ["white space", " \n"],
  ["words", "Hello <p>"],
  ["an address in brackets", "<user@host>"],
  ["an address that begins like a tag", "<a@x.org> wrote:"],
  ["a URL in brackets", "<https://x.org/>"],
  ["a placeholder", "<your name>"],
  ["a name that begins like a tag", "<param1>"],
  ["a custom element", "<my-app>"],
  ["an end tag", "</p>"],
  ["a tag that is not ended", "<p"],
  ["a space within the bracket", "< p>"],
  ["a bracket", "<"],
  ["an XML document with an address", '<?xml version="1.0"?><a@x.org>'],
  ["an XML declaration without an end", '<?xml version="1.0"><html>'],
  ["an XML declaration of something else", '<?xml version="1.0"?><!DOCTYPE rss>'],
  ["an XML document", '<?xml version="1.0"?><note>'],
  ["an element of XML", "<note>"],
  ["another document type", "<!DOCTYPE svg>"],
  ["a document type that begins like HTML", "<!doctype htmlx>"],
  ["a comment alone", "<!-- <p> -->"],
  ["a comment without an end", "<!-- <p>"],
  ["a comment before text", "<!-- a --> <b@x.org>"],
  ["an arrow", "<- see below"],
  ["a heredoc", "<<EOF"],
  ["a no-break space", "\u00a0<p>"],
  ["a mark before the byte order mark", " \ufeff<p>"],
];

for (const [title, text] of TEXT) {
  Deno.test(`a text that starts with ${title} is no HTML`, () => {
    assert.equal(isHtml(octets(text)), false);
  });
}

for (const filling of ["<!---->", "<!--", "<?xml?>", "<?", "\n", " ", "<", "<p"]) {
  Deno.test(`ten megabytes of "${filling}" are judged in one pass`, () => {
    assert.equal(isHtml(octets(filling.repeat(10_000_000 / filling.length))), false);
  });
}
