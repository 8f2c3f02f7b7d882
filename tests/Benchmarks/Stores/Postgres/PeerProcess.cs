using System.Diagnostics;
using System.Text.Json;
using Relaybox.Local;
using Relaybox.Local.Processes;
using Relaybox.Testing;

namespace Relaybox.Benchmarks.Stores.Postgres;

/// <summary>
/// The driver of a peer: a process that stays between rounds, so that none pays for starting it, and is given its orders as
/// lines of JSON. Its own clock takes the times.
/// </summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(11);

    private readonly string _driver;
    private readonly Process _process;

    private PeerProcess(string driver, Process process)
    {
        _driver = driver;
        _process = process;
    }

    /// <summary>Starts a driver in JavaScript, which makes the peer's schema.</summary>
    /// <param name="driver">Its file in the folder peers, without the extension.</param>
    /// <param name="database">Where.</param>
    /// <param name="mode">How the peer is to work, if it has several ways.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">The peer's packages are not installed, or the driver fails.</exception>
    public static Task<PeerProcess> StartAsync(string driver, BenchDatabase database, string mode, CancellationToken cancellationToken)
    {
        var folder = RepositoryRoot.Combine("tests/Benchmarks/peers");
        if (!File.Exists(Path.Combine(folder, "node_modules", ".package-lock.json")))
        {
            throw new RunnerException("the peers' npm packages are missing. Run: ./run bench --peers");
        }

        var node = Executables.Require("node", "A peer of the benchmarks", "Install Node.js 20 or newer.");
        return StartAsync(driver, node, Path.Combine(folder, $"{driver}.mjs"), database, mode, cancellationToken);
    }

    /// <summary>Starts a driver in C#, which makes the peer's schema.</summary>
    /// <param name="project">Its project in the folder peers.</param>
    /// <param name="database">Where.</param>
    /// <param name="settings">Settings of Npgsql's connection string, beyond where the database is.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RunnerException">The driver is not built, or it fails.</exception>
    public static Task<PeerProcess> StartProgramAsync(
        string project, BenchDatabase database, string settings, CancellationToken cancellationToken)
    {
        var program = BuiltProgram.PathOf(project, $"Relaybox.Peers.{project}.dll");
        return File.Exists(program)
            ? StartAsync(project, "dotnet", program, database, settings, cancellationToken)
            : throw new RunnerException($"the peer {project} is not built. Run: ./run bench --peers");
    }

    /// <summary>Empties the peer's table and fills it.</summary>
    public Task PrepareAsync(long rows, CancellationToken cancellationToken) =>
        OrderAsync(new() { ["do"] = "prepare", ["rows"] = rows }, cancellationToken);

    /// <summary>Has everything handled, and recorded as handled.</summary>
    public async Task<TimeSpan> DrainAsync(long rows, int workers, CancellationToken cancellationToken)
    {
        var answer = await OrderAsync(new() { ["do"] = "drain", ["rows"] = rows, ["workers"] = workers }, cancellationToken);
        return TimeSpan.FromSeconds(answer.GetProperty("seconds").GetDouble());
    }

    /// <summary>Has single rows committed at a steady pace; answers with the milliseconds from each commit to its handler.</summary>
    public async Task<double[]> MeasureLatencyAsync(int rows, int rate, CancellationToken cancellationToken)
    {
        var answer = await OrderAsync(new() { ["do"] = "latency", ["rows"] = rows, ["rate"] = rate }, cancellationToken);
        return [.. answer.GetProperty("milliseconds").EnumerateArray().Select(value => value.GetDouble())];
    }

    /// <summary>Has transactions committed that each write a business row and one event, by the peer's own outbox.</summary>
    /// <param name="rows">How many.</param>
    /// <param name="writers">By how many writers at once.</param>
    /// <param name="relaying">Whether the peer sends the events meanwhile. Otherwise it sends none of them.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// How long it took from the first begin to the last commit, and until everything was sent and marked; null if the peer sends nothing.
    /// </returns>
    public async Task<(TimeSpan Written, TimeSpan? Sent)> WriteAsync(
        long rows, int writers, bool relaying, CancellationToken cancellationToken)
    {
        var answer = await OrderAsync(
            new() { ["do"] = "write", ["rows"] = rows, ["writers"] = writers, ["relaying"] = relaying }, cancellationToken);
        return (
            TimeSpan.FromSeconds(answer.GetProperty("seconds").GetDouble()),
            answer.TryGetProperty("sentSeconds", out var sent) ? TimeSpan.FromSeconds(sent.GetDouble()) : null);
    }

    /// <summary>Has messages delivered in batches of ten, until all are handled and marked. Each handler inserts one row.</summary>
    /// <param name="messages">How many.</param>
    /// <param name="own">Whether the handler opens a transaction of its own.</param>
    /// <param name="atOnce">How many batches at once.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<TimeSpan> ConsumeAsync(long messages, bool own, int atOnce, CancellationToken cancellationToken)
    {
        var answer = await OrderAsync(
            new() { ["do"] = "consume", ["messages"] = messages, ["own"] = own, ["atOnce"] = atOnce }, cancellationToken);
        return TimeSpan.FromSeconds(answer.GetProperty("seconds").GetDouble());
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        OrphanGuard.Forget(_process.Id);
        _process.Dispose();
    }

    private static async Task<PeerProcess> StartAsync(
        string driver, string host, string program, BenchDatabase database, string mode, CancellationToken cancellationToken)
    {
        var process = Process.Start(new ProcessStartInfo(host, [program, database.Url, BenchPayload.Text, mode])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        OrphanGuard.Watch(process.Id);
        var peer = new PeerProcess(driver, process);
        await peer.AnswerAsync(cancellationToken);
        return peer;
    }

    private async Task<JsonElement> OrderAsync(Dictionary<string, object> order, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(order).AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        return await AnswerAsync(cancellationToken);
    }

    private async Task<JsonElement> AnswerAsync(CancellationToken cancellationToken)
    {
        var line = await _process.StandardOutput.ReadLineAsync(cancellationToken).AsTask().WaitAsync(Patience, cancellationToken)
            ?? throw new RunnerException($"{_driver} ended (see above).");
        var answer = JsonDocument.Parse(line).RootElement;
        return answer.TryGetProperty("error", out var error) ? throw new RunnerException($"{_driver}: {error.GetString()}") : answer;
    }
}
