//! A new module for a running agent, as `reload.sh` gives it one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

use schtag_tests::agent_records::{parse_all, sample_events, tagged, untagged, with_verdict, write_lines};
use schtag_tests::fluent_bit::{Agent, AgentError, Installation, PERSISTENT};
use schtag_tests::fluent_bit_config::Example;
use schtag_tests::project;
use schtag_tests::skip::{Tool, missing};
use serde_json::{Value, json};

use super::Outcome;

/// The command `schtag`, which the tests of the host library build beside this one.
fn schtag() -> Result<PathBuf, String> {
    let exe = std::env::current_exe().map_err(|error| error.to_string())?;
    let dir = exe.parent().and_then(Path::parent).ok_or("no folder")?;
    let path = dir.join(format!("schtag{}", std::env::consts::EXE_SUFFIX));
    if path.is_file() { Ok(path) } else { Err(format!("no {}; `make test` builds it", path.display())) }
}

/// A module of one rule, whose tags have another name, so that a record tells which module saw it.
fn other_module(dir: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let (settings, module) = (dir.join("settings.yml"), dir.join("other.wasm"));
    fs::write(&settings, "key: second\nobserve: all\n")?;
    let output = Command::new(schtag()?)
        .args(["bake", "--rules"])
        .arg(project::root().join("plugin/rules/powershell-encoded-command"))
        .arg("--settings")
        .arg(&settings)
        .arg("-o")
        .arg(&module)
        .output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(module)
}

/// Runs the script of the examples against an agent.
fn reload(agent: &Agent, new: &Path) -> Result<Output, Box<dyn std::error::Error>> {
    let script = project::root().join("config_examples/fluent-bit/reload.sh");
    Ok(Command::new("sh")
        .arg(script)
        .arg(new)
        .arg(agent.dir().join("schtag.wasm"))
        .arg(format!("http://127.0.0.1:{}", agent.metrics_port()))
        .env("SCHTAG", schtag()?)
        .output()?)
}

/// The example with its module in the agent's own folder.
fn start(installation: &Installation) -> Result<Agent, AgentError> {
    installation.start(|dir, metrics| {
        let module = dir.join("schtag.wasm");
        fs::copy(installation.module(), &module)
            .map_err(|source| AgentError::Io { what: "copying the module".into(), source })?;
        write_lines(&dir.join("events"), &[])?;
        let path = |name: &str| dir.join(name).display().to_string();
        Ok(Example::named("hot-reload.yaml")?
            .moved(dir, metrics, 0, installation.version())?
            .with("/var/log/windows/tasks.ndjson", &path("events"))?
            .with("/var/lib/fluent-bit/tasks.sqlite", &path("tasks.sqlite"))?
            .with("${SCHTAG_WASM}", &path("schtag.wasm"))?
            .text)
    })
}

/// The agent, or `None` (said loudly) where the test cannot run.
fn installation(test: &str) -> Result<Option<Installation>, AgentError> {
    let Some(installation) = Installation::find(test)? else { return Ok(None) };
    if Command::new("curl").arg("--version").output().is_err() {
        missing(Tool::Curl, &format!("no curl for {test}"));
        return Ok(None);
    }
    Ok(Some(installation))
}

/// Where the example writes copies of alerts, from the folder that stands for /var/log/schtag.
const ALERTS: &str = "../out-alerts/win.tasks";

/// Runs `work` while records with numbers from 0 come in, each an alert. Returns how many were written, and what `work` did.
fn under_load<T>(
    installation: &Installation,
    agent: &mut Agent,
    work: impl FnOnce(&mut Agent) -> Result<T, Box<dyn std::error::Error>>,
) -> Result<(u64, T), Box<dyn std::error::Error>> {
    let samples = tagged(installation, "win.tasks", &parse_all(&sample_events()?)?)?;
    let sample = untagged(&[with_verdict(&samples, "alert").next().ok_or("no alert")?.clone()]).remove(0);
    let events = agent.dir().join("events");
    let enough = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<u64, AgentError> {
            let mut number = 0;
            while !enough.load(Ordering::Relaxed) {
                let mut record = sample.clone();
                if let Some(members) = record.as_object_mut() {
                    members.insert("number".into(), json!(number));
                }
                write_lines(&events, &[record.to_string()])?;
                number += 1;
                sleep(Duration::from_millis(10));
            }
            Ok(number)
        });
        let outcome = agent.wait_for_lines("win.tasks", 100).map_err(Into::into).and_then(|_| work(agent));
        enough.store(true, Ordering::Relaxed);
        let written = writer.join().map_err(|_| "the writer panicked")??;
        Ok((written, outcome?))
    })
}

/// The numbers of the records in a file of the agent's.
fn numbers(agent: &Agent, file: &str) -> Result<BTreeSet<u64>, AgentError> {
    let records = parse_all(&agent.lines(file)?)?;
    Ok(records.iter().filter_map(|record| record.get("number")?.as_u64()).collect())
}

/// Waits until all numbers below `written` are in a file of the agent's.
fn wait_for_all(agent: &mut Agent, file: &str, written: u64) -> Outcome {
    let seen = agent.wait_until(&format!("whole {file} of {written}"), |agent| {
        let seen = numbers(agent, file)?;
        Ok((seen.len() as u64 >= written).then_some(seen))
    })?;
    assert_eq!(seen, (0..written).collect(), "{file}");
    Ok(())
}

#[test]
fn restarts_and_reloads_under_load_lose_neither_records_nor_copies_of_alerts() -> Outcome {
    let Some(installation) = installation("restarts_and_reloads_under_load")? else { return Ok(()) };
    let mut agent = start(&installation)?;
    let same = agent.dir().join("same.wasm");
    fs::copy(installation.module(), &same)?;
    let (written, ()) = under_load(&installation, &mut agent, |agent| {
        for _ in 0..3 {
            installation.restart(agent)?;
            sleep(Duration::from_millis(500));
            if installation.version() >= PERSISTENT {
                let output = reload(agent, &same)?;
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                sleep(Duration::from_millis(500));
            }
        }
        Ok(())
    })?;
    for file in ["win.tasks", ALERTS] {
        wait_for_all(&mut agent, file, written)?;
    }
    Ok(())
}

#[test]
fn a_module_is_exchanged_under_load_and_no_record_is_lost() -> Outcome {
    let Some(installation) = installation("a_module_is_exchanged_under_load")? else { return Ok(()) };
    let mut agent = start(&installation)?;
    let other = other_module(agent.dir())?;
    let (written, reloaded) = under_load(&installation, &mut agent, |agent| {
        let reloaded = if installation.version() < PERSISTENT {
            // As the example says: the next chunk reads the new file.
            let module = agent.dir().join("schtag.wasm");
            fs::copy(&module, agent.dir().join("schtag.wasm.previous"))?;
            fs::copy(&other, agent.dir().join("new"))?;
            fs::rename(agent.dir().join("new"), module)?;
            None
        } else {
            Some(reload(agent, &other)?)
        };
        agent.wait_until("record tagged by the second module", |agent| {
            let lines = agent.lines("win.tasks")?;
            Ok(lines.iter().any(|line| line.contains(r#""second":{"#)).then_some(()))
        })?;
        Ok(reloaded)
    })?;
    if let Some(output) = reloaded {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    wait_for_all(&mut agent, "win.tasks", written)?;
    assert!(fs::read(agent.dir().join("schtag.wasm"))? == fs::read(&other)?);
    assert!(fs::read(agent.dir().join("schtag.wasm.previous"))? == fs::read(installation.module())?);
    Ok(())
}

#[test]
fn a_broken_module_is_refused_and_the_agent_goes_on() -> Outcome {
    let Some(installation) = installation("a_broken_module_is_refused")? else { return Ok(()) };
    let mut agent = start(&installation)?;
    let module = fs::read(installation.module())?;
    let broken = agent.dir().join("broken.wasm");
    let (half, _) = module.split_at(module.len() / 2);
    // The last two load, the one in no Fluent Bit and the other without rules.
    let base = match std::env::var_os("SCHTAG_BASE_WASM") {
        Some(path) => fs::read(path)?,
        None => module.get(..8).unwrap_or_default().to_vec(),
    };
    for bytes in [half, b"not wasm", b"", b"\0asm\x01\0\0\0", &base] {
        fs::write(&broken, bytes)?;
        let output = reload(&agent, &broken)?;
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stderr).contains("nothing was changed"));
        assert!(fs::read(agent.dir().join("schtag.wasm"))? == module);
    }
    write_lines(&agent.dir().join("events"), &sample_events()?)?;
    let seen = parse_all(&agent.wait_for_lines("win.tasks", sample_events()?.len())?)?;
    assert!(seen.iter().any(|record: &Value| record.get("schtag").is_some()));
    Ok(())
}

/// Why the script is there: the agent itself does not survive such a file. When this fails, Fluent Bit has
/// learned to, and the warnings can go.
#[test]
fn without_the_script_a_broken_module_stops_the_agent() -> Outcome {
    let Some(installation) = installation("without_the_script_a_broken_module_stops_the_agent")? else {
        return Ok(());
    };
    if installation.version() < PERSISTENT {
        // There the module is loaded for each chunk, and a broken one lets records pass untagged.
        return Ok(());
    }
    let mut agent = start(&installation)?;
    fs::write(agent.dir().join("schtag.wasm"), b"not wasm")?;
    let url = format!("http://127.0.0.1:{}/api/v2/reload", agent.metrics_port());
    Command::new("curl").args(["-sS", "--max-time", "20", "-X", "POST", "-d", "{}", &url]).output()?;
    let end = agent.wait_until("answer to nothing", |_| Ok(None::<()>));
    assert!(matches!(end, Err(AgentError::Ended { .. })), "{end:?}");
    Ok(())
}
