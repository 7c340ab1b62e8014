//! A prover whose bytes lie far away.

use std::sync::Arc;

use super::report::{Finding, Property};
use super::subject::{Answered, Subject};
use crate::LabError;

/// `remote`: the bytes lie behind a line. Either every read is fetched on its own, or the challenge is forwarded
/// and the proof comes back: who outsources chooses the cheaper.
pub(super) fn remote(subject: &mut Subject) -> Result<Finding, LabError> {
    let options = subject.options.clone();
    let (mut numbers, statement) = (subject.numbers("remote"), subject.statement);
    let (rtt, deadline) = (options.rtt.as_secs_f64(), options.deadline.as_secs_f64());
    let line = options.bandwidth_bytes_per_second.max(1) as f64;
    let (mut fetched, mut forwarded, mut answers) = (0.0, 0.0, 0u32);
    let (mut fetched_in_time, mut forwarded_in_time) = (0u32, 0u32);
    for _ in 0..subject.trials().min(32) {
        let challenge = subject.draw(&statement, numbers.digest(), options.samples, None)?;
        let disk = subject.plot.disk();
        let answered = subject.prove(Arc::clone(&disk) as _, &statement, &challenge);
        let trace = disk.take_trace();
        let Answered::Proof(proof) = answered else { continue };
        let one_by_one = trace.reads as f64 * rtt + trace.bytes as f64 / line;
        let at_once = rtt + (challenge.len() + proof.len()) as f64 / line;
        answers += 1;
        fetched += one_by_one;
        forwarded += at_once;
        fetched_in_time += u32::from(one_by_one <= deadline);
        forwarded_in_time += u32::from(at_once <= deadline);
    }
    let of = |sum: f64| 1e3 * sum / f64::from(answers.max(1));
    let text = format!(
        "forwarding challenge and proof takes {:.1} ms, fetching every read takes {:.1} ms; due in {:.0} ms",
        of(forwarded),
        of(fetched),
        deadline * 1e3
    );
    Ok(subject
        .finding("remote", &[Property::Locality], forwarded_in_time > 0, text)
        .figure("forwarded_ms", of(forwarded))
        .figure("fetched_ms", of(fetched))
        .figure("forwarded_in_time_fraction", f64::from(forwarded_in_time) / f64::from(answers.max(1)))
        .figure("fetched_in_time_fraction", f64::from(fetched_in_time) / f64::from(answers.max(1)))
        .figure("reads_of_a_proof", subject.honest.reads)
        .figure("read_bytes_of_a_proof", subject.honest.read_bytes))
}
