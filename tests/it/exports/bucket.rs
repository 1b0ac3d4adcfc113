//! S3-compatible stores: every request is signed so that a stand-in with the same key reckons the same signature; long files go in
//! pieces; what fails leaves no object.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use hmac::{Hmac, KeyInit, Mac};

use super::*;
use crate::support::damage;

const SECRET: &str = "a secret that both know";
const UPLOAD: &str = "upload-1";

/// What a stand-in has taken.
#[derive(Debug, Default)]
struct Taken {
    /// Whole objects, by their paths.
    objects: BTreeMap<String, Vec<u8>>,
    /// Pieces of the upload under way, by number.
    pieces: BTreeMap<u32, Vec<u8>>,
    /// Uploads given up.
    aborted: u32,
    /// What was asked, in order.
    requests: Vec<String>,
}

/// How a stand-in behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    /// It takes no whole object and no second piece.
    Full,
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The signature that this request must bear (AWS Signature Version 4).
fn signature(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (_, rest) =
        header("authorization").split_once("AWS4-HMAC-SHA256 Credential=AKID/").ok_or("no authorization")?;
    let (scope, rest) = rest.split_once(", SignedHeaders=").ok_or("no headers")?;
    let (signed, signature) = rest.split_once(", Signature=").ok_or("no signature")?;
    let hash = hex::encode(Sha256::digest(body));
    if header("x-amz-content-sha256") != hash {
        return Err("another body was signed".to_owned());
    }
    if !["host", "x-amz-content-sha256", "x-amz-date"].iter().all(|name| signed.split(';').any(|one| one == *name)) {
        return Err(format!("not signed: only {signed}"));
    }
    let mut query: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(|one| !one.is_empty()).collect();
    query.sort_unstable();
    let query: Vec<String> =
        query.iter().map(|one| if one.contains('=') { (*one).to_owned() } else { format!("{one}=") }).collect();
    let lines: String = signed.split(';').map(|name| format!("{name}:{}\n", header(name).trim())).collect();
    let request = format!("{method}\n{}\n{}\n{lines}\n{signed}\n{hash}", uri.path(), query.join("&"));
    let to_sign =
        format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", header("x-amz-date"), hex::encode(Sha256::digest(request)));
    let key = scope.split('/').fold(format!("AWS4{SECRET}").into_bytes(), |key, part| hmac(&key, part));
    if hex::encode(hmac(&key, &to_sign)) == signature { Ok(()) } else { Err("the signature is another".to_owned()) }
}

fn answer(taken: &mut Taken, mood: Mood, method: &Method, uri: &Uri, body: &[u8]) -> (StatusCode, HeaderMap, String) {
    let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default());
    let well = |text: &str| {
        let etag = (axum::http::header::ETAG, HeaderValue::from_static("\"1\""));
        (StatusCode::OK, HeaderMap::from_iter([etag]), text.to_owned())
    };
    let refused = (StatusCode::FORBIDDEN, HeaderMap::new(), "<Error><Code>QuotaExceeded</Code></Error>".to_owned());
    let value = |name: &str| query.split('&').find_map(|one| one.strip_prefix(name)?.strip_prefix('='));
    let is_upload = value("uploadId") == Some(UPLOAD);
    match (method.as_str(), value("partNumber").map(|number| number.parse::<u32>().unwrap())) {
        ("PUT", Some(number)) if is_upload => {
            if mood == Mood::Full && number > 1 {
                return refused;
            }
            taken.pieces.insert(number, body.to_vec());
            well("")
        }
        ("PUT", None) if query.is_empty() => {
            if mood == Mood::Full {
                return refused;
            }
            taken.objects.insert(path, body.to_vec());
            well("")
        }
        ("POST", None) if query.starts_with("uploads") => well(&format!(
            "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>{UPLOAD}</UploadId></InitiateMultipartUploadResult>"
        )),
        ("POST", None) if is_upload => {
            let whole = std::mem::take(&mut taken.pieces).into_values().flatten().collect();
            taken.objects.insert(path, whole);
            well("<CompleteMultipartUploadResult><ETag>\"1\"</ETag></CompleteMultipartUploadResult>")
        }
        ("DELETE", None) if is_upload => {
            taken.aborted += 1;
            taken.pieces.clear();
            (StatusCode::NO_CONTENT, HeaderMap::new(), String::new())
        }
        _ => (StatusCode::BAD_REQUEST, HeaderMap::new(), format!("{method} {uri}?")),
    }
}

/// A store that takes what is signed as it must be.
async fn stand_in(mood: Mood) -> (String, Arc<Mutex<Taken>>) {
    let taken: Arc<Mutex<Taken>> = Arc::default();
    let shared = Arc::clone(&taken);
    let take = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        let shared = Arc::clone(&shared);
        async move {
            let mut taken = shared.lock().unwrap();
            taken.requests.push(format!("{method} {uri}"));
            match signature(&method, &uri, &headers, &body) {
                Ok(()) => answer(&mut taken, mood, &method, &uri, &body),
                Err(why) => {
                    (StatusCode::FORBIDDEN, HeaderMap::new(), format!("<Error><Message>{why}</Message></Error>"))
                }
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let limit = axum::extract::DefaultBodyLimit::max(64 << 20);
    let serve = async move { axum::serve(listener, axum::Router::new().fallback(take).layer(limit)).await };
    #[expect(clippy::disallowed_methods, reason = "a stand-in of a test")]
    drop(tokio::spawn(serve));
    (address, taken)
}

const FAR: &str = "code = 'far'\nregister = 'status-history'\n[[destination]]\nkind = 's3'\nbucket = 'nightly'\nname = 'дела/{slot:%Y}.{ext}'\n";

fn run(office: &Office, endpoint: &str, secret: &str) -> std::process::Output {
    let mut command = office.home.command();
    command
        .env("MEZHVED__EXPORTS__S3__ENDPOINT", endpoint)
        .env("MEZHVED__EXPORTS__S3__ACCESS_KEY", "AKID")
        .env("MEZHVED__EXPORTS__S3__SECRET_KEY", secret)
        .args(["export", "run", "far", "--slot", "2026-03-04"]);
    tokio::task::block_in_place(|| command.output().unwrap())
}

/// The file and its manifest among the objects, by the end of their paths.
fn is_whole(taken: &Taken) -> &[u8] {
    assert_eq!(taken.objects.len(), 2, "{:?}", taken.objects.keys());
    let object = |ending: &str| taken.objects.iter().find(|(path, _)| path.ends_with(ending)).unwrap();
    let (path, file) = object("/2026.csv");
    assert_eq!(path, "/nightly/%D0%B4%D0%B5%D0%BB%D0%B0/2026.csv");
    let manifest: serde_json::Value = serde_json::from_slice(object("/2026.csv.manifest.json").1).unwrap();
    assert_eq!(manifest["file"], "2026.csv");
    assert_eq!(manifest["sha256"], hex::encode(Sha256::digest(file)));
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_gets_the_file_and_its_manifest_signed() {
    let folder = Folder::new();
    filled(&folder, some_traffic(18, 40)).await.store.close().await;
    let office = Office::over(folder, &[("far", FAR)]);
    let (endpoint, taken) = stand_in(Mood::Well).await;
    let refused = run(&office, &endpoint, "another secret");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && said.contains("export.undelivered: s3 nightly"), "{said}");
    assert!(taken.lock().unwrap().objects.is_empty() && !said.contains("another secret"));
    let output = run(&office, &endpoint, SECRET);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let taken = taken.lock().unwrap();
    assert!(lines(is_whole(&taken)).len() > 10);
    assert!(String::from_utf8_lossy(&output.stdout).contains("s3://nightly/дела/2026.csv"));
}

/// Entries of a history that make a file of more than two pieces.
const LONG: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) INSERT INTO history (case_id, entry, turn, \
                    to_status, happened_at, recorded_at, agency, comment, message, item, step) SELECT (SELECT min(id) FROM cases), 'comment', 1, \
                    'received', i, i, 'MFC-77', replace(hex(zeroblob(160)), '0', 'x'), (SELECT min(seq) FROM inbox), 100 + i, 0 FROM n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_file_goes_in_pieces_and_appears_whole_or_not_at_all() {
    let folder = Folder::new();
    filled(&folder, some_traffic(32, 10)).await.store.close().await;
    damage(folder.path(), &[LONG]).await.unwrap();
    let office = Office::over(folder, &[("far", FAR)]);
    let (endpoint, full) = stand_in(Mood::Full).await;
    let refused = run(&office, &endpoint, SECRET);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && said.contains("export.undelivered: s3 nightly"), "{said}");
    {
        let full = full.lock().unwrap();
        assert!(full.objects.is_empty() && full.aborted == 1, "what was half there is given up: {:?}", full.requests);
    }
    let (endpoint, taken) = stand_in(Mood::Well).await;
    let output = run(&office, &endpoint, SECRET);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let taken = taken.lock().unwrap();
    let pieces = taken.requests.iter().filter(|request| request.contains("partNumber=")).count();
    assert!(pieces >= 3, "{:?}", taken.requests);
    assert!(lines(is_whole(&taken)).len() > 60_000);
}
