"""`python -m bff`, which is the command `keeptrusts-bff`."""

from bff.cli.main import main

if __name__ == "__main__":
    main()
