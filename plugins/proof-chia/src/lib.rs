//! `proof-chia`: Chia's proof of space, version 2 (CHIP-48). One plot a unit, made, proven and verified by the
//! crate `chia-pos2`; a plot's proofs are good for anyone who knows its group id.
//!
//! Unit i is the plot file of the group id BLAKE3("plimsoll proof-chia v1" ‖ k ‖ strength ‖ identity ‖ i as eight
//! little-endian bytes), index 0, meta group 0; then zeros (plots vary: up to two hundredths of a unit, no proven
//! space); then its length and the BLAKE3 of all before. A challenge is distinct, ascending units and a nonce. To each
//! unit belong `tries` challenges of the plot, j = 0, 1...: BLAKE3 keyed with the nonce over ("plimsoll proof-chia v1"
//! ‖ unit ‖ j as four bytes). A plot has a chain for about every other one (47 % of 400 at k = 18), so the answer says
//! for which: `proofs` times j as two bytes and the full proof (16 k bytes), j ascending. An honest plot has none for
//! 64 tries with 0.53^64 < 2^-58; 4 proofs of 64 it misses with 2^-43, 2 of 32 with 2^-24, 8 of 128 with 2^-81, 16 of
//! 256 with 2^-157.
//!
//! Soundness: a proof takes the plot, or making it: 0.2, 0.75, 2.9, 12, 48, 190 core-seconds for k = 18 to 28. So P
//! cores under a deadline D, asked for q units that take t each, keep a part of 1 - D P / (q t) at least. Within a unit,
//! who keeps a part f of the fragment sets has a chain with 0.47 f^4 a try (it uses four sets): with `proofs` 1 of 64
//! tries a unit passes with 99 % at f = 0.63, 47 % at 0.38; with 4 of 64 with 99 % at f = 0.75, 71 % at 0.63, 12 % at
//! 0.5. So `space` is claimed from 4 proofs on, where making a plot takes 4 × `deadline_ms` × `cores` (2 × on cores
//! twice as fast; count a GPU as cores), and means two thirds of every plot: 20 units pass with 82 % at f = 0.75, with
//! 0.1 % at 0.63; at k = 24 these are 20 audits, for an answer's fuel pays 7 proofs. A unit of which nothing is left
//! always fails: (1 - f)^n for n.
//! Costs: 3 to 4.4 MiB of fill a core-second and 50 bytes of memory an entry; a prove reads the whole unit, looks
//! up about two challenges (1 ms each) and solves: 35, 74, 163, 397 ms of all cores for k = 18 to 24. Verify: 15 µs.

mod config;

pub use config::Config;
use plimsoll_sdk::pospace::PlotForm;
use plimsoll_sdk::pure::{digest_of, keyed_digest};
use plimsoll_sdk::{
    Answer, Challenge, Claims, Digest, HashKind, Identity, LARGEST_PROOF_BYTES, Layout, Order, Parts, Plot,
    Plugin, PluginError, ProofScheme, Region, Result, Span, Statement, Verdict, digest_parameter,
};

/// Chia plots.
pub struct Chia {
    config: Config,
    form: PlotForm,
    unit_bytes: u32,
    group_id: Option<Digest>,
}

const DOMAIN: &[u8] = b"plimsoll proof-chia v1";

impl Plugin for Chia {
    const NAME: &'static str = "proof-chia";
    const SUMMARY: &'static str =
        "Fills units with Chia plots (CHIP-48) and proves them with full proofs of space.";
    const LIMITS: &'static str = "Small plots are made anew in time, and who keeps 63 % of every plot mostly passes \
        (99 % a unit with 1 proof, 71 % with 4).";
    const REFERENCES: &'static [&'static str] = &[
        "CHIP-48: Proof of Space 2.0, https://github.com/Chia-Network/pos2-chip",
        "Abusalah et al.: Beyond Hellman's Time-Memory Trade-Offs (eprint 2017/893)",
    ];
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        let (form, unit_bytes) = config.form()?;
        let group_id = digest_parameter("group_id", &config.group_id)?;
        Ok(Self { config, form, unit_bytes, group_id })
    }
}

impl Chia {
    fn group_id(&self, identity: &Identity, unit: u64) -> Digest {
        let params = [self.form.k, self.form.strength];
        let seed = [DOMAIN, &params, &identity.to_bytes(), &unit.to_le_bytes()].concat();
        self.group_id.unwrap_or_else(|| digest_of(HashKind::Blake3, &seed))
    }

    fn asked(nonce: &Digest, unit: u64, number: u32) -> Digest {
        keyed_digest(nonce, &[DOMAIN, &unit.to_le_bytes(), &number.to_le_bytes()].concat())
    }
}

impl ProofScheme for Chia {
    fn proves(&self) -> Claims {
        Claims { space: self.group_id.is_none() && self.config.outlasts(), ..Claims::default() }
    }

    fn plan(&self, _identity: &Identity, capacity_bytes: u64) -> Result<Layout> {
        let most = if self.group_id.is_some() { self.unit_bytes.into() } else { u64::MAX };
        let capacity_bytes = capacity_bytes.min(most);
        let layout = Layout::one_pass("plot", Order::Independent, self.unit_bytes, 0, capacity_bytes)?;
        Ok(Layout { memory_bytes: (16 << 20) + (56 << self.form.k), ..layout })
    }

    fn fill(&self, plot: &dyn Plot, identity: &Identity, _pass: u32, units: Span) -> Result<()> {
        (units.first..units.end())
            .try_for_each(|unit| plot.write_plot(self.form, &self.group_id(identity, unit), unit))
    }

    fn most_samples(&self, _statement: &Statement) -> u32 {
        let proofs = self.config.proofs;
        let by_size = LARGEST_PROOF_BYTES as u32 / (proofs * (2 + self.form.proof_bytes() as u32));
        by_size.min(self.config.most_proofs() / proofs)
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        statement.of_units(self.unit_bytes)?;
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        let (Config { tries, proofs, .. }, mut proof) = (&self.config, Vec::new());
        for unit in units {
            let group_id = self.group_id(&statement.identity, unit);
            let asked: Vec<Digest> = (0..*tries).map(|number| Self::asked(&nonce, unit, number)).collect();
            let found = region.prove_plot(self.form, &group_id, statement.unit(unit), &asked, *proofs)?;
            if found.len() < *proofs as usize {
                let text = format!("unit {unit} has {} proofs for {tries} tries", found.len());
                return Err(PluginError::Storage(text));
            }
            let each =
                found.iter().map(|one| [&(one.challenge as u16).to_le_bytes()[..], &one.proof].concat());
            proof.extend(each.flatten());
        }
        Ok(Answer::Proof(proof))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        statement.of_units(self.unit_bytes)?;
        let Challenge { nonce, units } = Challenge::parse(challenge, statement)?;
        let (Config { tries, proofs, .. }, mut proof) = (&self.config, Parts::of(proof));
        let invalid = |why: String| Ok(Verdict::Invalid(why));
        for unit in units {
            let (group_id, mut least) = (self.group_id(&statement.identity, unit), 0);
            for _ in 0..*proofs {
                let (Some(number), Some(full)) = (proof.array(), proof.take(self.form.proof_bytes())) else {
                    return invalid(format!("the proof ends within unit {unit}"));
                };
                let number = u32::from(u16::from_le_bytes(*number));
                if !(least..*tries).contains(&number) {
                    return invalid(format!("unit {unit}: try {number}, expected {least} to {}", tries - 1));
                }
                least = number + 1;
                if !self.form.verify(&group_id, &Self::asked(&nonce, unit, number), full)? {
                    return invalid(format!("unit {unit}: no proof of space for try {number}"));
                }
            }
        }
        Ok(proof.end().into())
    }
}

plimsoll_sdk::export_plugin!(Chia as proof_scheme);

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_sdk::doubles::{MemoryPlot, MemoryRegion};
    use plimsoll_sdk::{Hotkey, from_json, laws};

    fn identity() -> Identity {
        Identity { netuid: 7, owner: Hotkey([1; 32]), validator: Hotkey([2; 32]) }
    }

    fn filled(scheme: &Chia, capacity_bytes: u64) -> (MemoryRegion, Statement) {
        let layout = scheme.plan(&identity(), capacity_bytes).unwrap();
        let plot = MemoryPlot::new(layout.region_bytes).unwrap();
        scheme.fill(&plot, &identity(), 0, Span { first: 0, count: layout.units }).unwrap();
        let Layout { unit_bytes, units, .. } = layout;
        (plot.finish(), Statement { identity: identity(), unit_bytes, units, commitment: None })
    }

    fn refusal(json: &str) -> String {
        from_json::<Chia>(json).err().unwrap().to_string()
    }

    #[test]
    fn the_laws_hold() {
        laws::proof_scheme::<Chia>("{}", 3 * 663_552 + 5);
    }

    #[test]
    fn the_laws_hold_where_a_unit_must_answer_four_times() {
        laws::proof_scheme::<Chia>(r#"{"proofs": 4, "strength": 3}"#, 663_552);
    }

    #[test]
    fn a_golden_plot_is_the_one_of_its_identity() {
        let scheme: Chia = from_json("{}").unwrap();
        let (region, statement) = filled(&scheme, 663_552);
        assert_eq!((statement.unit_bytes, statement.units), (663_552, 1));
        let challenge = scheme.draw(&statement, &[9; 32], 1, None).unwrap();
        let Answer::Proof(proof) = scheme.prove(&region, &statement, &challenge).unwrap() else { panic!() };
        assert_eq!(proof.len(), 290);
        let found = [
            text(&scheme.group_id(&identity(), 0)),
            text(&digest_of(HashKind::Blake3, &region.bytes)),
            text(&digest_of(HashKind::Blake3, &proof)),
        ];
        let golden = [
            "98caf693c49d497b853c0060034abf5720913f65ca013d3c6ffe8f5fb155898c",
            "ff6dbba6157d2459060398c7633e49dcded0af535c0cfcfafd9bbba594bb9670",
            "f404f41e3c013dcde44a656e2d6aedba1771702f904f84db1fc5eb96fd878c6d",
        ];
        assert_eq!(found, golden);
    }

    fn text(digest: &Digest) -> String {
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn proofs_pass_the_crates_verifier_and_the_crates_proofs_pass_here() {
        let scheme: Chia = from_json(r#"{"tries": 32}"#).unwrap();
        let (region, statement) = filled(&scheme, 663_552);
        let group_id = scheme.group_id(&identity(), 0);
        let challenge = scheme.draw(&statement, &[3; 32], 1, None).unwrap();
        let Answer::Proof(proof) = scheme.prove(&region, &statement, &challenge).unwrap() else { panic!() };
        let nonce = Challenge::parse(&challenge, &statement).unwrap().nonce;
        let number = u32::from(u16::from_le_bytes([proof[0], proof[1]]));
        let asked = Chia::asked(&nonce, 0, number);
        assert!(chia_pos2::validate_proof_v2(&group_id, 0, 18, 2, 0, &asked, &proof[2..]).is_some());

        let path = std::env::temp_dir().join(format!("proof-chia-{}.plot2", std::process::id()));
        chia_pos2::create_v2_single_plot_group(&path, 18, 2, &group_id, 0, 0, b"somebody else").unwrap();
        let prover = chia_pos2::Prover::new(&path).unwrap();
        let mut accepted = 0;
        for number in 0..16_u16 {
            let asked = Chia::asked(&nonce, 0, number.into());
            for quality in prover.get_qualities_for_challenge(&asked).unwrap() {
                let full = chia_pos2::solve_proof(&quality.chain, &prover.plot_id_for_index(0), 18, 2);
                let theirs = [&number.to_le_bytes()[..], &full].concat();
                assert_eq!(scheme.verify(&statement, &challenge, &theirs).unwrap(), Verdict::Valid);
                accepted += 1;
            }
        }
        std::fs::remove_file(&path).unwrap();
        assert!(accepted > 0);
    }

    #[test]
    fn a_group_id_of_ones_own_makes_that_plot_and_claims_nothing() {
        let id = "ab".repeat(32);
        let scheme: Chia = from_json(&format!(r#"{{"group_id": "{id}"}}"#)).unwrap();
        let layout = scheme.plan(&identity(), u64::MAX).unwrap();
        assert_eq!((layout.units, scheme.proves()), (1, Claims::default()));
        let (region, _) = filled(&scheme, 1 << 20);
        assert_eq!(region.bytes[5..37], [0xab; 32]);
    }

    #[test]
    fn space_is_claimed_where_a_plot_outlasts_the_deadline_and_must_answer_four_times() {
        let claims = |k: u8, proofs: u32, deadline_ms: u32, cores: u32| {
            let json = format!(
                r#"{{"k": {k}, "proofs": {proofs}, "deadline_ms": {deadline_ms}, "cores": {cores}}}"#
            );
            from_json::<Chia>(&json).unwrap().proves()
        };
        let space = Claims { space: true, ..Claims::default() };
        // 12 core-seconds.
        assert_eq!(claims(24, 4, 1500, 2), space);
        assert_eq!(claims(24, 4, 1501, 2), Claims::default());
        assert_eq!(claims(24, 4, 1500, 3), Claims::default());
        assert_eq!(claims(24, 3, 1500, 2), Claims::default());
        assert_eq!(claims(26, 3, 1, 1), Claims::default());
        assert_eq!([18, 20, 22].map(|k| claims(k, 4, 51, 1).space), [false, true, true]);
        let defaults: Chia = from_json("{}").unwrap();
        assert_eq!(defaults.proves(), Claims::default());
    }

    #[test]
    fn the_largest_proof_fits_for_every_k() {
        for (k, (_, payable)) in [18_u8, 20, 22, 24, 26, 28].into_iter().zip(config::SIZES) {
            for proofs in [1_u32, 4, 16].into_iter().filter(|proofs| *proofs <= payable) {
                let scheme: Chia =
                    from_json(&format!(r#"{{"k": {k}, "tries": 256, "proofs": {proofs}}}"#)).unwrap();
                let unit_bytes = scheme.unit_bytes;
                let statement =
                    Statement { identity: identity(), unit_bytes, units: 1 << 30, commitment: None };
                let each = proofs as usize * (2 + scheme.form.proof_bytes());
                let most = scheme.most_samples(&statement) as usize;
                assert!(most >= 1 && most * each <= LARGEST_PROOF_BYTES, "{most} units of {each} bytes");
            }
        }
    }

    #[test]
    fn parameters_that_no_plot_has_are_refused_by_name() {
        assert_eq!(refusal(r#"{"k": 17}"#), "bad config: `k` must be from 18 to 28, it is 17");
        assert_eq!(refusal(r#"{"k": 30}"#), "bad config: `k` must be from 18 to 28, it is 30");
        let told = "bad config: `k`, `strength`: bad input: no plot has k = 19 and strength 2: k is even and from 18 to 28";
        assert_eq!(refusal(r#"{"k": 19}"#), told);
        assert!(refusal(r#"{"strength": 16}"#).contains("no plot has k = 18 and strength 16"));
        assert_eq!(
            refusal(r#"{"proofs": 5}"#),
            "bad config: `proofs` must be a sixteenth of `tries` at most: 5 of 64"
        );
        assert_eq!(
            refusal(r#"{"k": 26, "proofs": 4}"#),
            "bad config: `proofs` must be at most 3 for `k` = 26, more outlast the fuel of an answer: it is 4"
        );
        assert!(refusal(r#"{"k": 28, "proofs": 2}"#).contains("at most 1 for `k` = 28"));
        assert_eq!(
            refusal(r#"{"group_id": "ab"}"#),
            "bad config: `group_id` must be 64 hex digits or empty, it is \"ab\""
        );
        let signed = "+a".repeat(32);
        assert!(refusal(&format!(r#"{{"group_id": "{signed}"}}"#)).contains("must be 64 hex digits"));
        let scheme: Chia = from_json("{}").unwrap();
        let small = scheme.plan(&identity(), 663_551).unwrap_err().to_string();
        assert_eq!(small, "bad input: 663551 bytes hold no unit: one takes 663552 bytes");
    }
}
