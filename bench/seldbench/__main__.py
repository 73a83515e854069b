"""`seldbench` and `python -m seldbench`: a user's mistake ends in words, not in a traceback."""

import os
import sys

# Threads of torch's operations wait asleep, not spinning: beside any other busy process, spinning
# makes a training tens of times slower. Read once, when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

INTERRUPTED, TERMINATED = 130, 143
TRAINING = ("torch", "timm", "safetensors")  # what the extra `train` adds


def main() -> None:
    """Run the command line; exit 1 for an error that its user can mend, 130 when interrupted,
    143 for SIGTERM."""
    from seldbench.cli import console

    code, words = _outcome()
    console.close()
    if words:
        sys.stderr.write(words + "\n")
    sys.exit(code)


def _outcome() -> tuple[int, str]:
    """The exit code, and what is to be said about it."""
    import typer

    from seldbench.cli import app
    from seldbench.errors import SeldbenchError
    from seldbench.processes import Terminated, ended_by_sigterm

    try:
        with ended_by_sigterm():
            code = app(standalone_mode=False) or 0
    except ModuleNotFoundError as error:
        if error.name not in TRAINING:
            raise
        return 1, f"error: this command needs {error.name}: pip install 'seldbench[train]'"
    except SeldbenchError as error:
        return 1, f"error: {error}"
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return 1, f"error: {where}{error.strerror or error}"
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Terminated:
        code = TERMINATED
    except Exception as error:
        # What typer says of wrong usage; its own class for that is private.
        if not hasattr(error, "exit_code"):
            raise
        error.show()  # type: ignore[attr-defined]
        return error.exit_code, ""
    if code in (INTERRUPTED, TERMINATED):
        return code, "interrupted; start the same command again and it goes on"
    return code, ""


if __name__ == "__main__":
    main()
