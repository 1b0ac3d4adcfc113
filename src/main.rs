//! argv to exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    mezhved::cli::main()
}
