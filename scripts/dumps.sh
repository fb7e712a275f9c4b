#!/usr/bin/env bash
# Writes Tests/Corpus/dumps anew: bytes of every length from 1 to 64 as tshark, tcpdump, xxd, od, hexdump and scapy dump
# them. Needs these programs; scapy comes from PyPI into a folder that goes again. The tests read the files alone.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" --quiet install scapy
"$scratch/venv/bin/python" Tests/Corpus/dumps.py Tests/Corpus/dumps "$scratch"
