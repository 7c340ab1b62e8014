//! `proof-chia`: Chia's proof of space, version 2 (CHIP-48). One plot a unit, made, proven and verified by the
//! crate `chia-pos2`; a plot's proofs are good for anyone who knows its group id.
//!
//! Unit i is the plot file of the group id BLAKE3("plimsoll proof-chia v1" ‖ k ‖ strength ‖ identity ‖ i as eight
//! little-endian bytes), index 0, meta group 0; then zeros; then its length and the BLAKE3 of all before. Units of
//! one k have one size, plots vary by some per mille: a unit is one to two hundredths larger than its plot. This
//! rest is zeros, anyone makes it, and it is not proven space. There is no commitment: the id says it all.
//!
//! A challenge is distinct, ascending units and a nonce. To each unit belong `tries` challenges of the plot, j =
//! 0, 1...: BLAKE3 keyed with the nonce over ("plimsoll proof-chia v1" ‖ unit ‖ j as four bytes). A plot has a
//! chain for about every other one (47 % of 400 at k = 18), so the answer says for which: `proofs` times j as two
//! bytes and the full proof (16 k bytes), j ascending.
//! Completeness: an honest plot has none for 64 tries with 0.53^64 < 2^-58; 4 proofs of 64 it misses with 2^-43.
//! Soundness: without the plot a full proof is not found, short of making the plot: 0.2, 0.75, 2.9, 12 core-seconds
//! for k = 18, 20, 22, 24, four times as long for each further step. So P cores under a deadline D, asked for q
//! units, must keep a part of 1 - D P / (q t) at least: `space` is claimed from k = 24 on, less is for tests.
//! Within a unit, who keeps a part f of the fragment sets has a chain with 0.47 f^4 a try (a chain uses four sets)
//! and passes a unit with 1 - (1 - 0.47 f^4)^64: 99 % at f = 0.63, 45 % at f = 0.38; with `proofs` = 4, 71 % and
//! less than 1 %. A unit that is missing altogether fails always: (1 - f)^n for n units.
//! Costs: 3 to 4.4 MiB of fill a core-second and 50 bytes of memory an entry; a prove reads the whole unit, looks
//! up about two challenges (1 ms each) and solves: 35, 74, 163, 397 ms of all cores for k = 18 to 24. Verify: 15 µs.

use plimsoll_sdk::pospace::PlotForm;
use plimsoll_sdk::pure::{digest_of, keyed_digest};
use plimsoll_sdk::{
    Answer, Challenge, Claims, Digest, HashKind, Identity, LARGEST_PROOF_BYTES, Layout, Order, Parts, Plot,
    Plugin, PluginError, ProofScheme, Region, Result, Span, Statement, Verdict, digest_parameter,
};

/// Chia plots.
pub struct Chia {
    form: PlotForm,
    unit_bytes: u32,
    tries: u32,
    proofs: u32,
    group_id: Option<Digest>,
}

plimsoll_sdk::parameters! {
    /// Parameters of proof-chia.
    pub struct Config {
        /// The logarithm of a plot's entries: even, from 18 (650 KB) to 28 (1 GB).
        k: u8 = 18, from 18 to 28;
        /// How hard a plot is to make: 2 to 17.
        strength: u8 = 2, from 2 to 17;
        /// Challenges that belong to a unit: any of them may be answered.
        tries: u32 = 64, from 32 to 256;
        /// Challenges of a unit that must be answered: a sixteenth of the tries at most.
        proofs: u32 = 1, from 1 to 16;
        /// The group id of the one plot to make, 64 hex digits, in place of one from identity and unit.
        group_id: String = String::new();
    }
}

const DOMAIN: &[u8] = b"plimsoll proof-chia v1";
/// From this k on a plot takes longer to make than an answer may take.
const LEAST_PROVING_K: u8 = 24;

impl Plugin for Chia {
    const NAME: &'static str = "proof-chia";
    const SUMMARY: &'static str =
        "Fills units with Chia plots (CHIP-48) and proves them with full proofs of space.";
    const LIMITS: &'static str = "A plot of k = 18 is made anew in 0.2 seconds of one core: space is claimed from \
        k = 24 on (12 core-seconds), and who drops a fourth of every plot passes nearly always.";
    const REFERENCES: &'static [&'static str] = &[
        "CHIP-48: Proof of Space 2.0",
        "https://github.com/Chia-Network/pos2-chip",
        "Abusalah, Alwen, Cohen, Khilko, Pietrzak, Reyzin: Beyond Hellman's Time-Memory Trade-Offs (eprint 2017/893)",
    ];
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        let Config { k, strength, tries, proofs, group_id } = config;
        if proofs > tries / 16 {
            let text = format!("`proofs` must be a sixteenth of `tries` at most: {proofs} of {tries}");
            return Err(PluginError::BadConfig(text));
        }
        let form = PlotForm { k, strength };
        let unit_bytes =
            form.unit_bytes().map_err(|e| PluginError::BadConfig(format!("`k`, `strength`: {e}")))?;
        let group_id = digest_parameter("group_id", &group_id)?;
        Ok(Self { form, unit_bytes, tries, proofs, group_id })
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

    fn challenge(&self, statement: &Statement, challenge: &[u8]) -> Result<Challenge> {
        let (found, expected) = (statement.unit_bytes, self.unit_bytes);
        if found != expected {
            let text = format!("the statement's units have {found} bytes, this scheme's {expected}");
            return Err(PluginError::BadInput(text));
        }
        Challenge::parse(challenge, statement)
    }

    /// A reason against the proof of one unit, if there is one.
    fn fault(
        &self,
        group_id: &Digest,
        nonce: &Digest,
        unit: u64,
        proof: &mut Parts<'_>,
    ) -> Result<Option<String>> {
        let mut least = 0;
        for _ in 0..self.proofs {
            let (Some(number), Some(full)) = (proof.array(), proof.take(self.form.proof_bytes())) else {
                return Ok(Some(format!("the proof ends within unit {unit}")));
            };
            let number = u32::from(u16::from_le_bytes(*number));
            if number < least || number >= self.tries {
                return Ok(Some(format!(
                    "unit {unit}: try {number}, expected {least} to {}",
                    self.tries - 1
                )));
            }
            least = number + 1;
            if !self.form.verify(group_id, &Self::asked(nonce, unit, number), full)? {
                return Ok(Some(format!("unit {unit}: no proof of space for try {number}")));
            }
        }
        Ok(None)
    }
}

impl ProofScheme for Chia {
    fn proves(&self) -> Claims {
        Claims { space: self.form.k >= LEAST_PROVING_K && self.group_id.is_none(), ..Claims::default() }
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
        // What fits a proof, and what a prover's budget allows: each step of k takes a bit over twice as long.
        let by_size = LARGEST_PROOF_BYTES as u32 / (self.proofs * (2 + self.form.proof_bytes() as u32));
        let by_time = [64, 32, 16, 7, 3, 1][usize::from(self.form.k - 18) / 2] / self.proofs;
        by_size.min(by_time).max(1)
    }

    fn prove(&self, region: &dyn Region, statement: &Statement, challenge: &[u8]) -> Result<Answer> {
        let Challenge { nonce, units } = self.challenge(statement, challenge)?;
        let mut proof = Vec::new();
        for unit in units {
            let group_id = self.group_id(&statement.identity, unit);
            let asked: Vec<Digest> =
                (0..self.tries).map(|number| Self::asked(&nonce, unit, number)).collect();
            let found = region.prove_plot(self.form, &group_id, statement.unit(unit), &asked, self.proofs)?;
            if found.len() < self.proofs as usize {
                let text = format!("unit {unit} has {} proofs for {} tries", found.len(), self.tries);
                return Err(PluginError::Storage(text));
            }
            for answer in found {
                proof.extend_from_slice(&(answer.challenge as u16).to_le_bytes());
                proof.extend_from_slice(&answer.proof);
            }
        }
        Ok(Answer::Proof(proof))
    }

    fn verify(&self, statement: &Statement, challenge: &[u8], proof: &[u8]) -> Result<Verdict> {
        let Challenge { nonce, units } = self.challenge(statement, challenge)?;
        let mut proof = Parts::of(proof);
        for unit in units {
            let group_id = self.group_id(&statement.identity, unit);
            if let Some(why) = self.fault(&group_id, &nonce, unit, &mut proof)? {
                return Ok(Verdict::Invalid(why));
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
    fn space_is_claimed_from_k_24_on() {
        let claims = |k: u8| from_json::<Chia>(&format!(r#"{{"k": {k}}}"#)).unwrap().proves().space;
        assert_eq!([18, 20, 22, 24, 26, 28].map(claims), [false, false, false, true, true, true]);
    }

    #[test]
    fn the_largest_proof_fits_for_every_k() {
        for k in [18_u8, 20, 22, 24, 26, 28] {
            for proofs in [1_u32, 4, 16] {
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
