//! What a demo showed, drawn from what was measured and from what the scheme says of itself.

use plimsoll_core::{ByteSize, Claims};

use super::{Finding, FindingKind, MinerRow, Role};

/// One finding a miner.
pub(super) fn findings(rows: &[MinerRow], scheme: &Scheme<'_>) -> Vec<Finding> {
    rows.iter().map(|row| scheme.finding(row)).collect()
}

/// What the scheme says of itself, and what it was given.
pub(super) struct Scheme<'a> {
    pub(super) name: &'a str,
    pub(super) claims: Claims,
    pub(super) limits: &'a str,
    pub(super) deadline_ms: u32,
}

impl Scheme<'_> {
    fn finding(&self, row: &MinerRow) -> Finding {
        let (kind, text) = match row.role {
            Role::Honest | Role::Larger => honest(row),
            Role::Partial | Role::Regenerator => self.cheat(row),
            Role::Late => outage(row, row.late, "answered after the deadline"),
            Role::Offline => outage(row, row.absent, "did not answer"),
        };
        Finding { role: row.role, kind, text }
    }

    fn cheat(&self, row: &MinerRow) -> (FindingKind, String) {
        let MinerRow { role, passed, audits, .. } = row;
        let holds = format!(
            "{} holds {} of the {} that it claims",
            role.word(),
            ByteSize(row.held_bytes),
            ByteSize(row.claimed_bytes)
        );
        if passed < audits {
            let lost = audits - passed;
            return (FindingKind::Caught, format!("{holds}: it lost {lost} of {audits} audits{}", cost(row)));
        }
        if *audits == 0 {
            return (FindingKind::Caught, format!("{holds}: it was never asked, so it earned nothing"));
        }
        let passed_all = format!("{holds}, and passed all {audits} audits");
        if *role == Role::Partial {
            return (FindingKind::NotCaught, format!("{passed_all}: {}", self.sampling()));
        }
        let how = format!(
            "{passed_all}, the slowest in {} of {} ms: it fills units anew when asked",
            row.slowest_ms, self.deadline_ms
        );
        if self.claims.space {
            let text = format!("{how}, although `{}` claims to prove space", self.name);
            return (FindingKind::Refuted, text);
        }
        let text = format!("{how}. {}: {}", self.modesty(), self.limits);
        (FindingKind::NotCaught, text)
    }

    fn sampling(&self) -> String {
        if self.claims == Claims::default() {
            return format!("{}: {}", self.modesty(), self.limits);
        }
        "no audit happened to touch what is missing; more samples or more rounds find it".into()
    }

    fn modesty(&self) -> String {
        let claims = if self.claims == Claims::default() {
            "no property".into()
        } else {
            format!("{}, not space,", self.claims)
        };
        format!("`{}` claims {claims} and says so", self.name)
    }
}

fn cost(row: &MinerRow) -> String {
    format!("; weight {} of 65535", row.weight)
}

fn honest(row: &MinerRow) -> (FindingKind, String) {
    let MinerRow { role, passed, audits, .. } = row;
    let kept = format!("{} keeps {}", role.word(), ByteSize(row.held_bytes));
    if *audits > 0 && passed == audits {
        (FindingKind::Paid, format!("{kept} and passed all {audits} audits{}", cost(row)))
    } else {
        let lost = audits - passed;
        (FindingKind::Wronged, format!("{kept}, yet lost {lost} of {audits} audits{}", cost(row)))
    }
}

fn outage(row: &MinerRow, seen: u32, deed: &str) -> (FindingKind, String) {
    let MinerRow { role, audits, .. } = row;
    let text = format!("{} {deed} in {seen} of {audits} audits{}", role.word(), cost(row));
    (if seen > 0 { FindingKind::Caught } else { FindingKind::NotCaught }, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(role: Role, held: u64, passed: u32, audits: u32) -> MinerRow {
        MinerRow {
            uid: 1,
            role,
            held_bytes: held << 20,
            claimed_bytes: 64 << 20,
            passed,
            failed: audits - passed,
            late: 0,
            absent: 0,
            weight: 0,
            proven_bytes: 0,
            audits,
            no_verdict: 0,
            slowest_ms: 9,
            reason: String::new(),
            earned_rao: 0,
        }
    }

    fn kind(row: MinerRow, claims: Claims) -> FindingKind {
        findings(&[row], &scheme(claims))[0].kind
    }

    fn scheme(claims: Claims) -> Scheme<'static> {
        Scheme { name: "proof-x", claims, limits: "weak", deadline_ms: 2000 }
    }

    const NOTHING: Claims = Claims { space: false, retrievability: false, replication: false, time: false };
    const SPACE: Claims = Claims { space: true, ..NOTHING };

    #[test]
    fn a_regenerator_that_passes_is_what_a_scheme_without_space_says_of_itself() {
        let found = findings(&[row(Role::Regenerator, 0, 8, 8)], &scheme(NOTHING));
        assert_eq!(found[0].kind, FindingKind::NotCaught);
        assert_eq!(
            found[0].text,
            "regenerator holds 0 B of the 64 MiB that it claims, and passed all 8 audits, the slowest in 9 of \
             2000 ms: it fills units anew when asked. `proof-x` claims no property and says so: weak"
        );
        let retrievable = Claims { retrievability: true, ..NOTHING };
        let found = findings(&[row(Role::Regenerator, 0, 8, 8)], &scheme(retrievable));
        assert!(found[0].text.contains("claims retrievability, not space, and says so"), "{}", found[0].text);
    }

    #[test]
    fn a_regenerator_that_passes_refutes_a_claim_of_space() {
        assert_eq!(kind(row(Role::Regenerator, 0, 8, 8), SPACE), FindingKind::Refuted);
        assert_eq!(kind(row(Role::Regenerator, 0, 7, 8), SPACE), FindingKind::Caught);
    }

    #[test]
    fn an_honest_miner_that_lost_an_audit_was_wronged() {
        assert_eq!(kind(row(Role::Honest, 64, 8, 8), SPACE), FindingKind::Paid);
        assert_eq!(kind(row(Role::Honest, 64, 7, 8), SPACE), FindingKind::Wronged);
    }

    #[test]
    fn a_partial_miner_that_slipped_through_is_not_called_caught() {
        assert_eq!(kind(row(Role::Partial, 45, 8, 8), SPACE), FindingKind::NotCaught);
        assert_eq!(kind(row(Role::Partial, 45, 3, 8), SPACE), FindingKind::Caught);
    }
}
