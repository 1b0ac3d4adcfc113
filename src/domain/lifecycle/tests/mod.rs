//! Tests of the loader by faulty files, and of the built-in lifecycles by the tables of the trade.

mod built_in;
mod kinds;
mod loading;
