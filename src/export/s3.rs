//! Files in an S3-compatible store: a short one is put at once, a long one in pieces; either way the object appears when it is whole.

use std::io::Read;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectStoreExt, RetryConfig, WriteMultipart};
use secrecy::ExposeSecret;

use crate::config::S3Settings;

/// Bytes of one piece of a long file; stores want at least 5 MiB.
const PIECE_BYTES: usize = 8 << 20;
/// Pieces on their way at once.
const PIECES_MAX: usize = 2;

/// Tries of one request: what is away for longer is tried again as the job's plan says.
const RETRIES: usize = 2;
const RETRY_TIME: Duration = Duration::from_secs(30);

/// Puts a file under a key; gives its address.
pub(super) async fn put(
    settings: &S3Settings,
    bucket: &str,
    key: &str,
    mut content: impl Read + Send,
) -> Result<String, String> {
    let said = |fault: object_store::Error| fault.to_string();
    let store = store(settings, bucket)?;
    let path = Path::parse(key).map_err(|fault| fault.to_string())?;
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    let mut next = |piece: &mut Vec<u8>| {
        piece.clear();
        (&mut content).take(PIECE_BYTES as u64).read_to_end(piece).map_err(|fault| fault.to_string())
    };
    if next(&mut piece)? < PIECE_BYTES {
        store.put(&path, piece.into()).await.map_err(said)?;
        return Ok(format!("s3://{bucket}/{key}"));
    }
    let upload = store.put_multipart(&path).await.map_err(said)?;
    let mut upload = WriteMultipart::new_with_chunk_size(upload, PIECE_BYTES);
    loop {
        if let Err(fault) = upload.wait_for_capacity(PIECES_MAX).await {
            // What is half there is given up; the fault that caused it is the one to tell.
            drop(upload.abort().await);
            return Err(fault.to_string());
        }
        upload.write(&piece);
        match next(&mut piece) {
            Ok(0) => break,
            Ok(_) => {}
            Err(fault) => {
                drop(upload.abort().await);
                return Err(fault);
            }
        }
    }
    upload.finish().await.map_err(said)?;
    Ok(format!("s3://{bucket}/{key}"))
}

fn store(settings: &S3Settings, bucket: &str) -> Result<AmazonS3, String> {
    // The first to come installs the one way of TLS; that it is there already is all right.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&settings.region)
        .with_access_key_id(&settings.access_key)
        .with_secret_access_key(settings.secret_key.expose_secret())
        .with_retry(RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_TIME, ..RetryConfig::default() })
        .with_allow_http(settings.endpoint.starts_with("http://"));
    if !settings.endpoint.is_empty() {
        builder = builder.with_endpoint(&settings.endpoint);
    }
    builder.build().map_err(|fault| fault.to_string())
}
