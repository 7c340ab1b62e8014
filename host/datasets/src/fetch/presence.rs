//! Whether the hub has a file: one HEAD request, and no redirect is followed.

use std::time::Instant;

use hyper::Method;
use url::Url;

use super::budget::Bucket;
use super::client::Fetch;
use super::hops::Opened;
use super::names::{Namespace, check_path};
use super::redirect::is_redirect;
use super::refusal::Refusal;
use super::witness::Witness;

impl Fetch {
    /// Whether `repository` has the file `path` at `revision`, a commit, branch or tag. A redirect is a yes: the hub
    /// sends nobody to what it does not have. It is asked for again where that may help, for the time of one try.
    ///
    /// # Errors
    /// Why not, or why nobody can tell.
    pub async fn presence(&self, repository: &Namespace, revision: &str, path: &str) -> Result<(), Refusal> {
        check_path(path)?;
        let url = self.endpoint.file_at(repository, revision, path);
        let until = Instant::now() + self.caps.attempt;
        self.again(until, || self.is_there(&url, until)).await
    }

    async fn is_there(&self, url: &Url, until: Instant) -> Result<(), Refusal> {
        let (response, turn) = self.ask(url, Method::HEAD, Bucket::Resolvers, true, None, until).await?;
        let status = response.status();
        if status == 200 || is_redirect(status) {
            return Ok(());
        }
        let opened = Opened { response, witness: Witness::default(), at_home: true, _turn: turn };
        Err(self.refused(&opened))
    }
}
