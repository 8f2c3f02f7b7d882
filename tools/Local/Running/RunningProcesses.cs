using System.Text.Json.Nodes;

namespace Relaybox.Local.Running;

/// <summary>What <c>processes.json</c> says.</summary>
internal sealed record RunningProcesses(
    int RunnerPid,
    int RunnerPort,
    bool IsReady,
    IReadOnlyList<(string Function, int Pid)> Functions,
    IReadOnlyList<(string Emulator, int Pid, long StartTime)> Emulators)
{
    public static RunningProcesses Parse(string json)
    {
        var document = JsonNode.Parse(json)!;
        var runner = document["runner"]!;
        return new RunningProcesses(
            (int)runner["pid"]!,
            (int)runner["port"]!,
            (bool)runner["ready"]!,
            [.. document["functions"]!.AsArray().Select(entry => ((string)entry!["function"]!, (int)entry["pid"]!))],
            [.. document["emulators"]!.AsArray().Select(entry => ((string)entry!["emulator"]!, (int)entry["pid"]!, (long)entry["startTime"]!))]);
    }
}
