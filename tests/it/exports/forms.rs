//! Packed and encoded files are read back: what comes out is what the plain file holds.

use std::io::Read;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_that_the_encoding_lacks_is_told_with_its_row() {
    let folder = Folder::new();
    filled(&folder, fixtures()).await.store.close().await;
    let job = "code = 'old'\nregister = 'messages'\nencoding = 'windows-1251'\ncolumns = ['sender', { code = 'kind', heading = 'δ' }]\n";
    let office = Office::over(folder, &[("old", job)]);
    let refused = office.refused(&["export", "run", "old"], 1);
    assert!(refused.contains("export.unmappable: row 0, column kind: windows-1251 has no 'δ' (U+03B4)"), "{refused}");
    assert_eq!(office.files(), BTreeSet::new());
    office.is_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packed_files_hold_the_bytes_of_the_plain_one() {
    let folder = Folder::new();
    filled(&folder, some_traffic(25, 60)).await.store.close().await;
    let office = Office::over(folder, &[]);
    let made = |format: &str, compression: &str| {
        let path = office.folder.path().join("file").display().to_string();
        let form = ["--format", format, "--compression", compression, "--slot", "2026-03-04", "--output", &path];
        office.home.verb(&[&["export", "run", "cases"][..], &form[..]].concat(), 0);
        fs::read(path).unwrap()
    };
    for format in ["csv", "xml", "html"] {
        let plain = made(format, "none");
        let (gzip, zstd) = (made(format, "gzip"), made(format, "zstd"));
        assert!(gzip.starts_with(&[0x1f, 0x8b]) && gzip.len() < plain.len());
        assert!(zstd.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) && zstd.len() < plain.len());
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&gzip[..]).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain, "gzip, {format}");
        assert!(zstd::decode_all(&zstd[..]).unwrap() == plain, "zstd, {format}");
        assert!(made(format, "gzip") == gzip && made(format, "zstd") == zstd, "packed again they are the same");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_windows_1251_file_reads_back_as_the_same_table() {
    let folder = Folder::new();
    filled(&folder, some_traffic(26, 60)).await.store.close().await;
    let office = Office::over(folder, &[]);
    let made = |encoding: &str| {
        let path = office.folder.path().join("file").display().to_string();
        let columns = "number,status_label,kind_label,agency,opened_at,amount,open";
        let form = ["--profile", "excel-ru", "--encoding", encoding, "--columns", columns, "--output", &path];
        office.home.verb(&[&["export", "run", "cases"][..], &form[..]].concat(), 0);
        fs::read(path).unwrap()
    };
    let (utf8, old) = (made("utf-8"), made("windows-1251"));
    let (decoded, _, broken) = encoding_rs::WINDOWS_1251.decode(&old);
    assert!(!broken && !old.starts_with(&[0xEF, 0xBB, 0xBF]), "windows-1251 has no mark");
    assert_eq!(decoded, String::from_utf8(utf8).unwrap().trim_start_matches('\u{FEFF}'));
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(decoded.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().next(), Some("Номер"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert!(rows.len() > 10);
    for row in &rows {
        assert!(row[4].len() == "02.03.2026 10:00:00".len() && ["да", "нет"].contains(&&row[6]), "{row:?}");
    }
}
