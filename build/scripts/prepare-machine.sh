#!/usr/bin/env bash
# What the tests need beside npm: a browser, a virtual display, Electron's libraries, a keyring, and Redis for the shared cache.
set -euo pipefail
packages=(redis-server gnome-keyring libsecret-1-0 chromium xvfb xauth dbus fonts-dejavu-core libnss3 libatk1.0-0 libatk-bridge2.0-0 libgtk-3-0 libgbm1 libasound2
  libxss1 libxtst6 libdrm2 libxkbcommon0 libcups2 libx11-xcb1 libxcomposite1 libxdamage1 libxrandr2)
if ! command -v dpkg-query >/dev/null; then
  command -v chromium >/dev/null && exit 0
  echo "The end-to-end tests need Chromium as 'chromium' and, on Linux, Xvfb." >&2
  exit 1
fi
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" != 0 ]; then
  echo "Please run: sudo apt-get install -y ${missing[*]}" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq "${missing[@]}" >/dev/null
