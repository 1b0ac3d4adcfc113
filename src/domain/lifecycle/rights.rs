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
    /// Who may do everything in the name of another.
    pub holders: Vec<Holder>,
}

impl Rights {
    /// Whether it is asked in whose name somebody acts.
    #[must_use]
    pub fn ask_authority(&self) -> bool {
        self.powers.is_some() || self.staff.is_some()
    }

    /// Every kind that rights are read from.
    pub fn kinds(&self) -> impl Iterator<Item = &KindName> {
        let named = [&self.powers, &self.staff, &self.roles, &self.certificates, &self.accounts, &self.consents];
        named.into_iter().flatten().chain(self.holders.iter().map(|one| &one.kind))
    }
}

/// A kind whose standing case lets one party do everything in the name of another: the head of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The kind.
    pub kind: KindName,
    /// The role of the one in whose name it is done.
    pub principal: String,
    /// The role of the one who does it.
    pub actor: String,
}

/// A role: a set of allowed operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Code in messages.
    pub code: String,
    /// What people read.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    pub label_en: Option<String>,
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
    /// Kinds of signature.
    pub signatures: Vec<SignatureKind>,
}

impl Vocabulary {
    /// What people read for an operation.
    #[must_use]
    pub fn operation<'v>(&'v self, code: &'v str) -> &'v str {
        self.operations.iter().find(|one| one.code == code).map_or(code, |one| &one.label)
    }

    /// What people read for a kind of signature.
    #[must_use]
    pub fn signature<'v>(&'v self, code: &'v str) -> &'v str {
        self.signatures.iter().find(|one| one.code == code).map_or(code, |one| &one.label)
    }
}

/// A kind of signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureKind {
    /// Code in messages.
    pub code: String,
    /// What people read.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    pub label_en: Option<String>,
    /// Whether it must name its certificate.
    pub certified: bool,
}

/// What a power of attorney can be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Code in messages.
    pub code: String,
    /// What people read.
    pub label: String,
    /// The same in English; none: the Russian stands in.
    pub label_en: Option<String>,
    /// Codes of the operations that it covers.
    pub operations: Vec<String>,
}
