//! Arguments to one command to an exit status; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    tapworks::main()
}
