//! The way to RabbitMQ, and the sole user of lapin: a supervised connection ([`Link`]), what is done on it ([`Session`]:
//! [`Consumer`], [`Publisher`]), and what must exist at the broker ([`topology`]). It moves bytes and properties; it knows
//! nothing of what a message means, and it starts no tasks of its own.

mod consumer;
mod fault;
mod headers;
mod held;
mod link;
mod properties;
mod publisher;
mod session;
mod settings;
mod sieve;
mod stream;
pub mod topology;
mod wire;

pub use consumer::{Acker, Consumer, Portion, Received};
pub use fault::{BrokerFault, Fate};
pub use link::{Link, LinkState};
pub use properties::Unsendable;
pub use publisher::{Next, Outgoing, Published, Publisher};
pub use session::{Depth, Session};
pub use settings::{Identity, Settings, Tls};
