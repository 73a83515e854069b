"""`seldbench` and `python -m seldbench`: a user's mistake ends in words, not in a traceback."""

import os
import sys

# Threads of torch's operations wait asleep, not spinning: beside any other busy process, spinning
# makes a training tens of times slower. Read once, when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

TRAINING = ("torch", "timm", "safetensors")  # what the extra `train` adds


def main() -> None:
    """Run the command line; exit 1 for an error that its user can mend, 130 when interrupted."""
    import typer

    from seldbench.cli import app, console
    from seldbench.errors import SeldbenchError

    try:
        code = app(standalone_mode=False)
    except ModuleNotFoundError as error:
        if error.name not in TRAINING:
            raise
        sys.stderr.write(
            f"error: this command needs {error.name}: pip install 'seldbench[train]'\n"
        )
        sys.exit(1)
    except SeldbenchError as error:
        console.close()
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
    except OSError as error:
        console.close()
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"error: {where}{error.strerror or error}\n")
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        console.close()
        sys.stderr.write("interrupted; start the same command again and it goes on\n")
        sys.exit(130)
    except Exception as error:
        # What typer says of wrong usage; its own class for that is private.
        if not hasattr(error, "exit_code"):
            raise
        error.show()  # type: ignore[attr-defined]
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
