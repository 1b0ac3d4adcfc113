//! `validate --batch`: one case a line in, one word a line out, for scripts, editors and test suites. Whatever a case
//! holds, the next one is answered.

use std::io::{BufRead, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::thread;

use crate::assemble::SchemaFiles;
use crate::assess::{Assessment, Assessor};
use crate::cli::{Done, Exit, Failed};
use crate::xml::Doctype;

/// Bytes of one line at most.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// Stack of the thread that judges: schemas of others may nest as deep as they like.
const STACK_BYTES: usize = 256 << 20;

/// Answers every line of standard input until it ends.
pub(super) fn run(doctype: Doctype) -> Done {
    let judge = thread::Builder::new().name("batch".to_owned()).stack_size(STACK_BYTES);
    let judging = judge.spawn(move || answer_all(&mut std::io::stdin().lock(), &mut std::io::stdout().lock(), doctype));
    let ended = judging.map_err(Failed::wrong)?.join();
    match ended {
        Ok(Ok(())) => Ok(Exit::Well),
        Ok(Err(fault)) => Err(Failed::wrong(format!("validate --batch: {fault}"))),
        Err(_) => Err(Failed::wrong("validate --batch: the judging thread has ended")),
    }
}

/// Answers every line, each flushed. A reader that has gone away ends the answering.
fn answer_all(lines: &mut impl BufRead, answers: &mut impl Write, doctype: Doctype) -> std::io::Result<()> {
    let files = SchemaFiles;
    let new = || Assessor::new(&files).with_doctype(doctype);
    let mut assessor = new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let answer = if line.ends_with(b"\n") || (line.len() as u64) < LINE_BYTES_MAX {
            let judged = panic::catch_unwind(AssertUnwindSafe(|| answer(&mut assessor, &line)));
            judged.unwrap_or_else(|_| {
                // What the panic left behind is not built upon.
                assessor = new();
                "error batch-panic: the program is wrong here, please report the schema and the document".to_owned()
            })
        } else {
            lines.skip_until(b'\n')?;
            format!("error batch-line: longer than {LINE_BYTES_MAX} bytes")
        };
        if writeln!(answers, "{answer}").and_then(|()| answers.flush()).is_err() {
            return Ok(());
        }
    }
}

/// The answer to one line.
fn answer(assessor: &mut Assessor<'_>, line: &[u8]) -> String {
    let Ok(line) = std::str::from_utf8(line) else {
        return "error batch-line: the line is not UTF-8".to_owned();
    };
    let Some((schemas, instance)) = line.trim_end_matches(['\r', '\n']).split_once('\t') else {
        return "error batch-line: write SCHEMA[;SCHEMA...], a tab, INSTANCE; either may be empty".to_owned();
    };
    let schemas: Vec<&str> = schemas.split(';').filter(|path| !path.is_empty()).collect();
    let instance = Some(instance).filter(|path| !path.is_empty());
    if schemas.is_empty() && instance.is_none() {
        return "error batch-line: there is neither a schema nor an instance".to_owned();
    }
    match assessor.assess(&schemas, instance) {
        Ok(Assessment::Instance(verdict)) if verdict.fault.is_some_and(|fault| fault.code.is_limit()) => {
            format!("error {}", verdict.fault.map(|fault| one_line(&fault.to_string())).unwrap_or_default())
        }
        Ok(assessment) => assessment.word().to_owned(),
        Err(unreadable) => format!("error batch-unreadable: {}", one_line(&unreadable.to_string())),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &[u8], expected: &[&str]) {
        let mut answers = Vec::new();
        answer_all(&mut &*input, &mut answers, Doctype::Refused).unwrap();
        let answers = String::from_utf8(answers).unwrap();
        let starts: Vec<&str> = answers.lines().collect();
        assert_eq!(starts.len(), expected.len(), "{answers}");
        for (answer, expected) in starts.iter().zip(expected) {
            assert!(answer.starts_with(expected), "{answer} does not start with {expected}");
        }
    }

    #[test]
    fn every_line_is_answered_whatever_it_holds() {
        check(b"", &[]);
        check(
            b"no tab\n\t\n;\t\n\xFF\t\n",
            &[
                "error batch-line: write",
                "error batch-line: there",
                "error batch-line: there",
                "error batch-line: the line",
            ],
        );
        check(
            b"gone.xsd\tgone.xml\r\n\tgone.xml",
            &["error batch-unreadable: gone.x", "error batch-unreadable: gone.xml"],
        );
        let long = [vec![b'x'; 3 << 20], b"\nno tab".to_vec()].concat();
        check(&long, &["error batch-line: longer", "error batch-line: write"]);
    }

    #[test]
    fn files_are_the_same_by_any_path() {
        use crate::schema::Source;
        let whole = std::path::absolute("src/lib.rs").unwrap();
        let whole = whole.to_str().unwrap();
        let identity = |path: &str| SchemaFiles.identity(path);
        for path in ["./src/lib.rs", "src/../src/lib.rs", whole, &format!("file://{whole}")] {
            assert_eq!(identity(path), identity("src/lib.rs"), "{path}");
        }
        assert_ne!(identity("src/lib.rs"), identity("src/main.rs"));
        assert_eq!(identity("gone.xsd"), "gone.xsd");
    }
}
