//! The incentive laboratory: who would earn what under a rule, before anyone's income depends on it.
//!
//! A [`Scenario`] names the plugins, the validators, the miners and what they do; [`Run`] is what became of them.
//! Rule, challenge strategy and allocation policy are the very components that a validator and a miner run, called
//! through the same host code, with the validator's own book and the ledger's own consensus. Only time is virtual
//! and, where a run is *sampled*, so are proofs: whether an audit passes is drawn from what the scheme was measured
//! to do ([`SchemeFigures`]). An *exact* run fills real units and checks real proofs (`exact`).
//!
//! Everything follows from the scenario and one seed, bit for bit, on every machine and for every number of
//! threads: each decision draws from a stream of its own, named by what is decided, and nothing depends on the
//! clock, on the order of threads, or on a system's mathematics library.
//!
//! Reading order: [`Scenario`], [`SchemeFigures`], [`Conduct`], what agents do with it (`agents`), one audit (`audit`),
//! a validator's round (`round`), an epoch (`epoch`), [`Prepared`], and what comes of it: [`Run`], [`Explained`].

mod scenario;

mod figures;

mod streams;

mod conduct;
mod hypergeometric;

mod agents;
mod audit;
mod costs;
mod exact;

mod events;
mod place;
mod world;

mod round;

mod epoch;

mod explained;
mod happening;
mod run;
mod tale;

mod loads;
mod prepared;
mod saved;
mod saved_claim;
mod states;

mod shipped;

pub use conduct::{Answers, Conduct, Missing, UnitsOf};
pub use explained::{AuditTold, Explained, Opinion, Told};
pub use figures::{FiguresError, SchemeFigures, scheme_name};
pub use happening::{Happened, Happening, Relived};
pub use loads::Loads;
pub(crate) use prepared::choice;
pub use prepared::{Kept, Prepared, prepare, prepare_with};
pub use run::{Audits, Costs, EpochRow, Fault, Group, Honest, Miner, Run, ValidatorGroup};
pub use scenario::{
    AuditTerms, Fidelity, Miners, NetworkTerms, Plugins, Prices, Scenario, ScenarioError, Strategy,
    SubnetTerms, Validators, Vote,
};
pub use shipped::{SCENARIOS, ShippedScenario};
pub use states::SavedState;
