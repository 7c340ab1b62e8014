//! Small questions, asked again where that may help.

use std::future::Future;
use std::time::Instant;

use super::client::Fetch;
use super::pace::jittered;
use super::refusal::Refusal;

impl Fetch {
    /// Asks by `once` until there is an answer, or no use in going on, or it is `until`.
    pub(super) async fn again<T, Asked: Future<Output = Result<T, Refusal>>>(
        &self,
        until: Instant,
        mut once: impl FnMut() -> Asked,
    ) -> Result<T, Refusal> {
        let mut tries = 0u32;
        loop {
            let refusal = match once().await {
                Err(refusal) if refusal.may_pass() => refusal,
                ended => return ended,
            };
            tries += 1;
            if tries >= self.caps.tries || Instant::now() >= until {
                return Err(refusal);
            }
            // A limit's time is waited for by the budget, for all at once.
            if !matches!(refusal, Refusal::StillLimited { .. }) {
                tokio::time::sleep(jittered(self.caps.pause.saturating_mul(1 << tries.min(6)))).await;
            }
        }
    }
}
