//! The sole source of random numbers that must not be guessed.

use rustls::crypto::ring;
use thiserror::Error;

/// The operating system gives no random numbers; the environment's fault, worth another try.
#[derive(Debug, Error)]
#[error("the operating system gives no random numbers")]
pub struct NoChance;

/// Random bytes of a cryptographic source, different for every call.
///
/// # Errors
/// The operating system gives none.
pub fn seed() -> Result<[u8; 32], NoChance> {
    let mut seed = [0; 32];
    ring::default_provider().secure_random.fill(&mut seed).map_err(|_| NoChance)?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_are_alike() {
        assert_ne!(super::seed().unwrap(), super::seed().unwrap());
    }
}
