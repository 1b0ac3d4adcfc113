//! Where a system says who may do what: which kinds hold powers, staff, certificates, accounts and consents, and
//! which roles allow which operations. Only names; `apply` asks the cases themselves.

use super::kind::Named;

/// A kind of some system.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KindName {
    /// Code of the system.
    pub system: String,
    /// Code of the kind.
    pub kind: String,
}

impl KindName {
    /// Reads `system/kind`.
    #[must_use]
    pub fn parse(written: &str) -> Option<Self> {
        let (system, kind) = written.split_once('/')?;
        let well = |part: &str| !part.is_empty() && !part.contains(['/', ' ']);
        (well(system) && well(kind)).then(|| Self { system: system.to_owned(), kind: kind.to_owned() })
    }
}

/// The kinds that rights are read from; a missing one means that nothing of it is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// Powers of attorney.
    pub powers: Option<KindName>,
    /// Members of staff.
    pub staff: Option<KindName>,
    /// Roles that an organization made itself.
    pub roles: Option<KindName>,
    /// Certificates.
    pub certificates: Option<KindName>,
    /// Accounts.
    pub accounts: Option<KindName>,
    /// Consents.
    pub consents: Option<KindName>,
}

/// A role: a set of allowed operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Code in messages.
    pub code: String,
    /// What people read.
    pub label: String,
    /// Codes of the operations that it allows.
    pub operations: Vec<String>,
}

/// The vocabulary of rights of a system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// What can be allowed.
    pub operations: Vec<Named>,
    /// Roles that every organization has.
    pub roles: Vec<Role>,
    /// What a power of attorney can be for.
    pub authorities: Vec<Authority>,
}

/// What a power of attorney can be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Code in messages.
    pub code: String,
    /// What people read.
    pub label: String,
    /// Codes of the operations that it covers.
    pub operations: Vec<String>,
}
