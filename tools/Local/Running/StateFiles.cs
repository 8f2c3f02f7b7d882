using System.Text.Json;
using System.Text.Json.Nodes;
using Relaybox.Local.Lambda;
using Relaybox.Local.Servers;

namespace Relaybox.Local.Running;

/// <summary>
/// The state folder: <c>env</c>, which a shell can source, and <c>processes.json</c>, which says what runs. Both
/// are replaced in one step, so that a reader never sees half a file.
/// </summary>
internal sealed class StateFiles(string directory)
{
    private readonly Lock _gate = new();
    private bool _isOurs;

    public string ProcessesPath => Path.Combine(directory, "processes.json");

    public string EnvironmentPath => Path.Combine(directory, "env");

    public string LogPath => Path.Combine(directory, "up.log");

    /// <summary>True once everything has started; written with the processes.</summary>
    public bool IsReady { get; set; }

    /// <exception cref="RunnerException">Another runner uses the folder.</exception>
    public void RequireNoOtherRunner()
    {
        if (ReadProcesses() is { } other && other.RunnerPid != Environment.ProcessId && ProcessIdentity.IsRunner(other.RunnerPid))
        {
            throw new RunnerException(
                $"A runner with the pid {other.RunnerPid} uses {directory} already. Stop it with `./run down`, or pass another --state-dir.");
        }

        Directory.CreateDirectory(directory);
        _isOurs = true;
    }

    public void WriteEnvironment(IReadOnlyDictionary<string, string> environment) =>
        Replace(EnvironmentPath, string.Concat(environment.Select(variable => $"export {variable.Key}={Quote(variable.Value)}\n")));

    public void WriteProcesses(int port, IEnumerable<FunctionHost> hosts, IEnumerable<ServerProcess> emulators)
    {
        lock (_gate)
        {
            var document = new JsonObject
            {
                ["runner"] = new JsonObject { ["pid"] = Environment.ProcessId, ["port"] = port, ["ready"] = IsReady },
                ["functions"] = new JsonArray([.. hosts.SelectMany(host => host.Pids.Select(pid =>
                    (JsonNode)new JsonObject { ["function"] = host.Function.ShortName, ["pid"] = pid }))]),
                ["emulators"] = new JsonArray([.. emulators.Select(emulator =>
                    (JsonNode)new JsonObject
                    {
                        ["emulator"] = emulator.Name,
                        ["pid"] = emulator.Pid,
                        ["port"] = emulator.Port,
                        ["startTime"] = ProcessIdentity.StartTimeOf(emulator.Pid),
                    })]),
            };
            Replace(ProcessesPath, document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        }
    }

    /// <returns>Null when there is no file that can be read.</returns>
    public RunningProcesses? ReadProcesses()
    {
        try
        {
            return RunningProcesses.Parse(File.ReadAllText(ProcessesPath));
        }
        catch (Exception exception) when (exception is IOException or JsonException or InvalidOperationException or NullReferenceException)
        {
            return null;
        }
    }

    /// <summary>Removes what says that something runs.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            if (_isOurs)
            {
                File.Delete(ProcessesPath);
                File.Delete(EnvironmentPath);
            }
        }
    }

    public void TakeOver() => _isOurs = true;

    private static void Replace(string path, string text)
    {
        var draft = $"{path}.new";
        File.WriteAllText(draft, text);
        File.Move(draft, path, overwrite: true);
    }

    private static string Quote(string value) =>
        value.All(character => char.IsAsciiLetterOrDigit(character) || "-_./:=".Contains(character, StringComparison.Ordinal))
            ? value
            : $"'{value.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
