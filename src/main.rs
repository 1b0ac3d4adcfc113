//! argv to exit code.

use std::process::ExitCode;

// Takes the place of the C library's allocator too, so that SQLite's memory is its own.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    mezhved::cli::main()
}
