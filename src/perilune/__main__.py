"""``python -m perilune`` is ``perilune``."""

from perilune.cli import main

if __name__ == "__main__":
    main(prog_name="perilune")
