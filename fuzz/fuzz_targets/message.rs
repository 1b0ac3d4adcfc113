#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mezhved_fuzz::message::run(data));
