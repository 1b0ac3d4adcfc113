//! The rules: sealed, immutable tables that `schema` compiles and `validate` reads. What is here knows how to judge a
//! value, which element may follow which, and how to be looked at; it knows neither schema documents nor messages.

mod builtin;
mod capture;
mod checks;
mod component;
mod facets;
mod ids;
mod introspect;
mod lexical;
mod lookup;
mod making;
mod model;
mod names;
mod nearest;
mod pattern;
mod simple;
mod tables;
mod value;

pub use capture::{
    CaptureTree, CaptureTreeBuilder, Captured, CapturedValue, Frame, FrameId, NoSuchPath, NodeId, SlotId,
};
pub use checks::RULES_NAMESPACE;
pub use component::Process;
pub use facets::{FacetKind, WhiteSpace};
pub use ids::*;
pub use introspect::{AttributeView, Child, DefaultValue, ElementView, SimpleView};
pub use lexical::duration::Duration;
pub use lexical::moment::{Moment, MomentKind};
pub use model::{ModelSizes, Particle, Term};
pub use names::{XS_NAMESPACE, XSI_NAMESPACE};
pub use pattern::Strictness;
pub use tables::{Documentation, Rules};
pub use value::{Date, DateTime, Value};

pub(crate) use nearest::nearest;

/// What only `schema` uses: the draft of the tables and everything that goes into it.
pub(crate) mod draft {
    pub(crate) use super::builtin::{ANY_SIMPLE_TYPE, find as built_in};
    pub(crate) use super::checks::{PairCheck, ValueCheck, pair_check, value_check, value_check_names};
    pub(crate) use super::component::*;
    pub(crate) use super::facets::*;
    pub(crate) use super::ids::*;
    pub(crate) use super::model::*;
    pub(crate) use super::nearest::nearest;
    pub(crate) use super::simple::{Lexical, Prefixes, SimpleType, SimpleTypes, Variety};
    pub(crate) use super::tables::{Component, Draft};
    pub(crate) use super::value::Datum;
}

/// What only `validate` and `specimen` use: the tables from inside.
pub(crate) mod sealed {
    pub(crate) use super::component::*;
    pub(crate) use super::facets::{Facet, FacetKind, trim};
    pub(crate) use super::ids::*;
    pub(crate) use super::model::{Accept, Counter, Member, ModelKind, Step, WildStep};
    pub(crate) use super::nearest::nearest;
    pub(crate) use super::simple::{Flaw, Lexical, Prefixes, Reason, SimpleType, Variety};
    pub(crate) use super::value::{Atom, Datum};
}
