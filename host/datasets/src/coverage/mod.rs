//! How much of a competition's evaluation set its datasets use, row by row.
//!
//! It is there to plan and to explain with: which of the rows that all are measured by are taught by anybody, which by
//! most of the best, which by nobody, and where in the set a dataset's rows stand. The rule on copies compares whole
//! datasets and is [`crate::overlap`]'s. In reading order:
//!
//! - [`EvaluationSet`]: the rows that datasets are measured by, each once, in order;
//! - [`Coverage`]: datasets laid over it;
//! - [`set_digest`]: what two datasets with the same rows have in common, in whatever order.

mod cover;
mod digest;
mod evaluation;

pub use cover::Coverage;
pub use digest::set_digest;
pub use evaluation::EvaluationSet;
