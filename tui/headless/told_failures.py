"""Carries a command out, and tells in its own form whatever keeps it from being done."""

from __future__ import annotations

from collections.abc import Callable

from tui.headless.command_failed import CommandFailed
from tui.headless.command_output import CommandOutput
from tui.headless.exit_codes import ExitCode
from tui.input_files.mistakes import CheckError
from tui.secret import SecretError
from tui.standard_output import OutputClosed, OutputError


def told(
    work: Callable[[], ExitCode], output: CommandOutput, *, closed: ExitCode = ExitCode.FAILED
) -> ExitCode:
    """Do ``work`` and return its exit code; a failure is told to ``output``, and its code returned.

    ``closed`` is the code when whoever reads standard output has had enough.
    """
    try:
        return work()
    except CommandFailed as error:
        return output.fail(error)
    except OutputClosed:
        return closed
    except OutputError as error:
        return output.fail(CommandFailed(ExitCode.FAILED, str(error)))
    except (CheckError, SecretError) as error:
        return output.fail(CommandFailed(ExitCode.USAGE, str(error)))
    except OSError as error:
        why = f"{error.filename or 'A file'} cannot be used: {error.strerror or error}."
        return output.fail(CommandFailed(ExitCode.FAILED, why))
    except KeyboardInterrupt:
        return output.fail(CommandFailed(ExitCode.FAILED, "It was stopped.", retry=True))
