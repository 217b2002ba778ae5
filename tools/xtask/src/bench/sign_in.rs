//! Sign-ins per second, against the Argon2id rate of the machine.

use std::time::Duration;

use anyhow::Result;
use domain::actor::Dialect;
use domain::sign_in::ApplicationGates;
use service::passwords::Secret;
use service::sign_in::Credentials;
use service::{Caller, Service};

use super::Plan;
use super::ground::{self, Ground};
use super::raw::{self, Timed, nanos};
use super::table::Row;
use crate::driving::{clock, output};

/// Who sign in at the same time, for each core.
const CALLERS_PER_CORE: usize = 4;

/// Measures.
pub fn measure(plan: &Plan) -> Result<Vec<Row>> {
    output::complain("sign-in");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ground = Ground::new("sign-in")?;
    let mut raw = vec![raw::argon2_for(plan.round())?];
    let mut reached = Vec::new();
    for _ in 0..plan.rounds {
        reached.push(runtime.block_on(sign_ins(&ground.service, plan.round()))?);
        raw.push(raw::argon2_for(plan.round())?);
    }
    let rates: Vec<f64> = reached.iter().map(|timed| timed.per_second).collect();
    let p50 = raw::spread(&reached, |timed| timed.p50_us);
    let called = "Argon2id on all cores, memory used again";
    let row = Row::against("sign-ins", "/s", &rates, (called, &raw), "ratio at least 0.95");
    let callers = CALLERS_PER_CORE * std::thread::available_parallelism()?.get();
    Ok(vec![row.note(format!("{callers} callers, p50 {:.0} ms", p50.median / 1e3))])
}

async fn sign_ins(service: &Service, time: Duration) -> Result<Timed> {
    let began = clock::now();
    let callers = CALLERS_PER_CORE * std::thread::available_parallelism()?.get();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move {
                let caller = Caller::anonymous(Dialect::Zato, None, ground::origin());
                let mut taken = Vec::new();
                loop {
                    let before = clock::now();
                    if before - began >= time {
                        return anyhow::Ok(taken);
                    }
                    service.sign_in(&caller, &credentials()).await?;
                    taken.push(nanos(clock::now() - before));
                }
            })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await??);
    }
    Ok(Timed::of(taken, clock::now() - began, 1.0))
}

fn credentials() -> Credentials {
    Credentials {
        username: ground::ADMIN.to_owned(),
        password: Secret::from(ground::PASSWORD.to_owned()),
        totp_code: None,
        new_password: None,
        application: ApplicationGates {
            may_sign_in: true,
            metadata_in_order: true,
            address_allowed: true,
        },
    }
}
