"""`python -m fengkong.cli`, where the script is not on the path."""

from fengkong.cli.app import main

main()
