//! The Kubernetes manifests and Helm values: names that are referred to exist, the module is mounted where the filter
//! looks for it, it fits into a ConfigMap, and the configuration inside is one that Fluent Bit takes.

use std::fs;
use std::process::Command;

use schtag_host::rules::yaml;
use schtag_tests::fluent_bit::Installation;
use schtag_tests::fluent_bit_config::Example;
use schtag_tests::project;
use schtag_tests::skip::{Tool, missing};
use serde_json::Value;

use super::Outcome;

/// The most bytes that the API server takes in one ConfigMap: 1 MiB, for all its values together.
///
/// Source: Kubernetes, `pkg/apis/core/validation`, `ValidateConfigMap`, and the documentation's page ConfigMaps.
const CONFIG_MAP: u64 = 1 << 20;
const MOUNT: &str = "/schtag";
const MODULE: &str = "/schtag/schtag.wasm";

/// The documents of a file of `config_examples/fluent-bit/kubernetes`.
fn documents(name: &str) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let path = project::root().join("config_examples/fluent-bit/kubernetes").join(name);
    let text = fs::read_to_string(&path)?;
    let (documents, error) = yaml::documents(&text);
    assert_eq!(error, None, "{name}");
    Ok(documents.iter().map(serde_json::to_value).collect::<Result<_, _>>()?)
}

fn of_kind<'d>(documents: &'d [Value], kind: &str) -> Result<&'d Value, String> {
    documents
        .iter()
        .find(|document| document.get("kind").and_then(Value::as_str) == Some(kind))
        .ok_or(format!("no {kind}"))
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'v>(value: &'v Value, pointer: &str) -> Result<&'v str, String> {
    value.pointer(pointer).and_then(Value::as_str).ok_or(format!("no text at {pointer} in {value}"))
}

fn named<'v>(items: &'v [Value], name: &str) -> Result<&'v Value, String> {
    items
        .iter()
        .find(|item| item.get("name").and_then(Value::as_str) == Some(name))
        .ok_or(format!("nothing is named {name}"))
}

/// Checks what each Deployment has to have, whichever way the module comes.
fn check_deployment(deployment: &Value) -> Outcome {
    assert_eq!(text(deployment, "/apiVersion")?, "apps/v1");
    let labels = deployment.pointer("/spec/selector/matchLabels").ok_or("no selector")?;
    assert_eq!(Some(labels), deployment.pointer("/spec/template/metadata/labels"), "it selects its own pods");
    let pod = deployment.pointer("/spec/template/spec").ok_or("no pod")?;
    let volumes = list(pod, "/volumes");
    for containers in ["/containers", "/initContainers"] {
        for container in list(pod, containers) {
            for mount in list(container, "/volumeMounts") {
                named(volumes, text(mount, "/name")?)?;
            }
        }
    }
    let container = named(list(pod, "/containers"), "fluent-bit")?;
    let module = named(list(container, "/volumeMounts"), "module")?;
    assert_eq!(text(module, "/mountPath")?, MOUNT);
    let config = named(list(container, "/volumeMounts"), "config")?;
    let argument = text(container, "/args/0")?;
    assert_eq!(argument, format!("--config={}/fluent-bit.yaml", text(config, "/mountPath")?));
    let probe = text(container, "/readinessProbe/httpGet/port")?;
    named(list(container, "/ports"), probe)?;
    Ok(())
}

/// A configuration inside a manifest, as an example.
fn config(name: &str, text: &str) -> Example {
    Example { name: name.into(), text: text.into() }
}

/// Lets an agent look at it, with the module where it is on this machine.
fn dry_run(config: &Example) -> Outcome {
    assert!(config.text.contains(MODULE), "the filter looks for the module where it is mounted");
    let Some(agent) = Installation::find(&config.name)? else { return Ok(()) };
    let here = config.with(MODULE, "${SCHTAG_WASM}")?.on_version(agent.version());
    agent.dry_run(&here.name, here.extension(), &here.text)?;
    Ok(())
}

#[test]
fn the_aggregators_parts_fit_together() -> Outcome {
    let documents = documents("aggregator.yaml")?;
    let deployment = of_kind(&documents, "Deployment")?;
    check_deployment(deployment)?;
    let map = of_kind(&documents, "ConfigMap")?;
    let volumes = list(deployment, "/spec/template/spec/volumes");
    assert_eq!(text(named(volumes, "config")?, "/configMap/name")?, text(map, "/metadata/name")?);
    // The file says how to make this one.
    assert_eq!(text(named(volumes, "module")?, "/configMap/name")?, "schtag-module");
    let service = of_kind(&documents, "Service")?;
    assert_eq!(service.pointer("/spec/selector"), deployment.pointer("/spec/selector/matchLabels"));
    let ports = list(deployment, "/spec/template/spec/containers/0/ports");
    let target = named(ports, text(service, "/spec/ports/0/targetPort")?)?;
    assert_eq!(target.get("containerPort"), service.pointer("/spec/ports/0/port"));
    let data = map.pointer("/data/fluent-bit.yaml").and_then(Value::as_str).ok_or("no configuration")?;
    let port = target.get("containerPort").cloned().unwrap_or_default();
    assert!(data.contains(&format!("port: {port}")), "the input listens where the Service sends");
    dry_run(&config("aggregator.yaml", data))
}

#[test]
fn the_init_container_puts_the_module_where_the_agent_looks() -> Outcome {
    let documents = documents("init-container.yaml")?;
    let deployment = of_kind(&documents, "Deployment")?;
    check_deployment(deployment)?;
    let pod = deployment.pointer("/spec/template/spec").ok_or("no pod")?;
    let init = named(list(pod, "/initContainers"), "module")?;
    let target = list(init, "/command").last().and_then(Value::as_str);
    assert_eq!(target, Some(MODULE));
    assert_eq!(text(named(list(init, "/volumeMounts"), "module")?, "/mountPath")?, MOUNT);
    assert!(named(list(pod, "/volumes"), "module")?.get("emptyDir").is_some());
    Ok(())
}

#[test]
fn the_charts_values_mount_the_module_and_hold_a_configuration() -> Outcome {
    let documents = documents("values.yaml")?;
    let values = documents.first().ok_or("empty")?;
    let mount = list(values, "/extraVolumeMounts").first().ok_or("no mount")?;
    assert_eq!(text(mount, "/mountPath")?, MOUNT);
    let volume = named(list(values, "/extraVolumes"), text(mount, "/name")?)?;
    assert_eq!(text(volume, "/configMap/name")?, "schtag-module");
    assert_eq!(values.pointer("/hotReload/enabled"), Some(&Value::Bool(false)));
    let file = text(values, "/config/extraFiles/fluent-bit.yaml")?;
    let folder = text(named(list(values, "/volumeMounts"), "config")?, "/mountPath")?;
    assert_eq!(text(values, "/args/0")?, format!("--config={folder}/fluent-bit.yaml"));
    let port = list(values, "/extraPorts").first().and_then(|port| port.get("containerPort")?.as_u64());
    assert_eq!(port, Some(24224));
    assert!(file.contains("port: 24224"));
    dry_run(&config("values.yaml", file))
}

#[test]
fn the_module_fits_into_a_config_map() -> Outcome {
    let module = project::module()?;
    let size = fs::metadata(&module)?.len();
    assert!(size < CONFIG_MAP, "{size} bytes");
    let made = Command::new("kubectl")
        .args(["create", "configmap", "schtag-module", "--dry-run=client", "-o", "yaml"])
        .arg(format!("--from-file=schtag.wasm={}", module.display()))
        .output();
    let Ok(made) = made else {
        missing(Tool::Kubectl, "no kubectl for the_module_fits_into_a_config_map");
        return Ok(());
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (documents, error) = yaml::documents(&String::from_utf8(made.stdout)?);
    assert_eq!(error, None);
    let map = serde_json::to_value(documents.first())?;
    let data = text(&map, "/binaryData/schtag.wasm")?;
    assert_eq!(data.len() as u64, size.div_ceil(3) * 4, "base64 of the whole module");
    Ok(())
}
