using System.Diagnostics;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Examples;

/// <summary>A program of examples/, run as its first lines say: in the repository, with what .relaybox/env holds.</summary>
/// <param name="Command">The program and its arguments.</param>
internal sealed record ExampleProgram(params string[] Command)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>The program with an order id and an event id of the caller's.</summary>
    public ExampleProgram For(string orderId, string eventId) => Command[0] == "psql"
        ? new([.. Command, "-v", $"order_id={orderId}", "-v", $"event_id={eventId}"])
        : new([.. Command, orderId, eventId]);

    /// <summary>Runs it to its end.</summary>
    public async Task<Outcome> RunAsync(IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Command[0], Command.Skip(1))
        {
            WorkingDirectory = RepositoryRoot.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken).WaitAsync(Patience, cancellationToken);
            return new Outcome(process.ExitCode, (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries), await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>What came of a run.</summary>
    internal sealed record Outcome(int ExitCode, string[] Lines, string Errors)
    {
        /// <summary>The lines that a successful run printed.</summary>
        public string[] Printed
        {
            get
            {
                Assert.True(ExitCode == 0, $"It ended with {ExitCode}: {Errors}");
                return Lines;
            }
        }
    }
}
