using System.Diagnostics;

namespace Relaybox.Benchmarks.Lambda;

/// <summary>Processes from their start to what they are first seen to do.</summary>
internal static class ColdStart
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>How long a program takes from its start to its first line of output.</summary>
    public static async Task<double> ToFirstLineAsync(string program, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        using var process = Start(program, Basics());
        await process.StandardOutput.ReadLineAsync(cancellationToken).AsTask().WaitAsync(Patience, cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(start);
        await process.WaitForExitAsync(cancellationToken);
        return elapsed.TotalMilliseconds;
    }

    /// <summary>How long a function takes from its start to its request for an event, and then for its first event.</summary>
    /// <param name="program">The executable.</param>
    /// <param name="environment">Its environment; the Runtime API is added.</param>
    /// <param name="payload">The first event; null: it is ended before it gets one.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">The function could not start, or failed.</exception>
    public static async Task<(double Start, double FirstEvent)> ToFirstEventAsync(
        string program, IReadOnlyDictionary<string, string> environment, ReadOnlyMemory<byte>? payload, CancellationToken cancellationToken)
    {
        using var stub = new RuntimeStub((payload ?? ReadOnlyMemory<byte>.Empty).Span, payload is null ? 0 : 1, Patience);
        var variables = Basics();
        foreach (var (name, value) in environment)
        {
            variables[name] = value;
        }

        variables["AWS_LAMBDA_RUNTIME_API"] = stub.Address;
        var start = Stopwatch.GetTimestamp();
        using var process = Start(program, variables);
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        try
        {
            var isReady = await stub.Asked.WaitAsync(Patience, cancellationToken);
            var asked = Stopwatch.GetTimestamp();
            if (isReady && payload is not null)
            {
                await stub.Ended.WaitAsync(Patience, cancellationToken);
            }

            var ended = Stopwatch.GetTimestamp();
            process.Kill();
            return isReady
                ? (Stopwatch.GetElapsedTime(start, asked).TotalMilliseconds, Stopwatch.GetElapsedTime(asked, ended).TotalMilliseconds)
                : throw new InvalidOperationException($"{program} could not start:\n{await output}");
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(cancellationToken);
        }
    }

    // Nothing of this process's own settings but what a program needs to run.
    private static Dictionary<string, string> Basics() =>
        new[] { "PATH", "HOME", "TMPDIR", "DOTNET_ROOT" }
            .Where(name => Environment.GetEnvironmentVariable(name) is not null)
            .ToDictionary(name => name, name => Environment.GetEnvironmentVariable(name)!);

    private static Process Start(string program, Dictionary<string, string> environment)
    {
        var info = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true, UseShellExecute = false, WorkingDirectory = Path.GetDirectoryName(program),
        };
        info.Environment.Clear();
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        return Process.Start(info)!;
    }
}
