// ioredis brings `debug`, which at start-up searches the temp directory and `/` for a
// `supports-color` package and reads the whole environment. A program that root runs must not
// look for code where anyone can put it, so this silent logger takes its place.
function createDebug() {
  return Object.assign(() => {}, { enabled: false });
}
createDebug.default = createDebug;
module.exports = createDebug;
