//! What a new [`MockWorkspace`] is like.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use super::identity::Identity;
use super::server::{MockWorkspace, Start};
use super::warehouses::Warehouse;
use super::world::World;

/// What a new workspace is like.
#[derive(Debug)]
pub struct Builder {
    user: Identity,
    token: String,
    listener: Option<TcpListener>,
    lenient: bool,
    accept_duplicate_names: bool,
    check_references: bool,
    furnishes: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            user: Identity::user("tester@example.com").in_group("users").in_group("admins"),
            token: format!("dapi{:032x}", fastrand::u128(..)),
            listener: None,
            lenient: false,
            accept_duplicate_names: false,
            check_references: false,
            furnishes: false,
        }
    }
}

impl Builder {
    /// The administrator whose token it is; `tester@example.com` if not said.
    #[must_use]
    pub fn user(mut self, user_name: &str) -> Self {
        self.user = Identity::user(user_name).in_group("users").in_group("admins");
        self
    }

    /// Any other identity as the owner of the token.
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Self {
        self.user = identity;
        self
    }

    /// The personal access token; random if not said.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// Listens there; any free loopback port if not said.
    #[must_use]
    pub fn listener(mut self, listener: TcpListener) -> Self {
        self.listener = Some(listener);
        self
    }

    /// For a server that runs on its own: keeps no log of requests, and an unknown request is told on standard error only.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Lets pipelines have the same name without `allow_duplicate_names`. The service does not; the CLI's own test
    /// server, which `recorded` comes from, does.
    #[must_use]
    pub fn accept_duplicate_names(mut self) -> Self {
        self.accept_duplicate_names = true;
        self
    }

    /// Refuses pipelines whose connection, gateway or catalog does not exist.
    #[must_use]
    pub fn check_references(mut self) -> Self {
        self.check_references = true;
        self
    }

    /// Lets the rows of watched CSV files bring the connections, catalogs and schemas that they name.
    #[must_use]
    pub fn furnishes(mut self) -> Self {
        self.furnishes = true;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When there is no port to listen on, or no thread.
    pub fn start(self) -> io::Result<MockWorkspace> {
        let listener = match self.listener {
            Some(listener) => listener,
            None => TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
        };
        listener.set_nonblocking(true)?;
        let mut world = World::new(&self.user);
        world.accounts.add_token(&self.token, self.user.clone());
        world.pipelines.accept_duplicate_names = self.accept_duplicate_names;
        world.pipelines.check_references = self.check_references;
        world.furnishes = self.furnishes;
        let warehouse_id = world.warehouses.add(Warehouse::running("Mock Warehouse"));
        MockWorkspace::serve(Start {
            listener,
            world,
            user: self.user,
            token: self.token,
            warehouse_id,
            keeps_log: !self.lenient,
        })
    }
}
