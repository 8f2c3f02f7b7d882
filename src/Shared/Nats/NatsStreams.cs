using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Diagnostics;

namespace Relaybox.Nats;

/// <summary>Creates streams, or sees to it that those that exist are as they have to be.</summary>
/// <param name="connector">The connection.</param>
/// <param name="logger">The log.</param>
internal sealed class NatsStreams(NatsConnector connector, ILogger<NatsStreams> logger)
{
    private const int NotFound = 404;

    /// <summary>Creates a stream, or checks the one that exists and widens it where it is too narrow. It never takes anything away.</summary>
    /// <param name="options">What the stream has to be like.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether it was created or changed.</returns>
    /// <exception cref="NatsSetupException">It is not so, and must or can not be changed. The text names each difference.</exception>
    public async Task<bool> EnsureAsync(NatsStreamOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            var session = await connector.OpenAsync(cancellationToken);
            return await session.RunAsync(ct => EnsureAsync(session.JetStream, options, ct), cancellationToken);
        }
        catch (NatsException e)
        {
            throw new NatsSetupException($"The stream '{options.Name}' could not be set up: {ErrorText.Bound(e.Message)}", e);
        }
    }

    /// <summary>What of a stream is other than it has to be, and whether an update can change it.</summary>
    internal static IReadOnlyList<(string Difference, bool CanChange)> Compare(StreamConfig config, NatsStreamOptions options)
    {
        var differences = new List<(string, bool)>();
        foreach (var subject in Missing(config, options))
        {
            differences.Add(($"it does not take the subject '{subject}'", true));
        }

        if (config.DuplicateWindow < options.DuplicateWindow)
        {
            differences.Add(($"its duplicate window is {config.DuplicateWindow} instead of at least {options.DuplicateWindow}", true));
        }

        if (config.MaxAge > TimeSpan.Zero && (options.MaxAge == TimeSpan.Zero || config.MaxAge < options.MaxAge))
        {
            differences.Add((
                $"it keeps messages for {config.MaxAge} instead of {(options.MaxAge == TimeSpan.Zero ? "forever" : $"at least {options.MaxAge}")}",
                true));
        }

        if (config.NumReplicas < options.Replicas)
        {
            differences.Add(($"it has {config.NumReplicas} replicas instead of at least {options.Replicas}", true));
        }

        if (config.NoAck)
        {
            differences.Add(("it does not acknowledge messages (no_ack)", true));
        }

        if (config.Storage != StreamConfigStorage.File)
        {
            differences.Add(("it keeps messages in memory instead of in files", false));
        }

        if (config.Sealed)
        {
            differences.Add(("it is sealed", false));
        }

        return differences;
    }

    private async Task<bool> EnsureAsync(NatsJSContext context, NatsStreamOptions options, CancellationToken cancellationToken)
    {
        if (await FindAsync(context, options.Name, cancellationToken) is { } config)
        {
            var changed = await RepairAsync(context, config, options, cancellationToken);
            WarnOfLosses(config);
            return changed;
        }

        if (!options.Create)
        {
            throw new NatsSetupException(
                $"The stream '{options.Name}' does not exist. Create it for the subjects {Join(options.Subjects)}, or let the setup create it.");
        }

        try
        {
            await CreateAsync(context, options, cancellationToken);
            return true;
        }
        catch (NatsJSApiException) when (!cancellationToken.IsCancellationRequested)
        {
            // Another setup may have made it in the meantime: the server then says that the subjects overlap with that stream's.
            if (await FindAsync(context, options.Name, cancellationToken) is not { } theirs)
            {
                throw;
            }

            return await RepairAsync(context, theirs, options, cancellationToken);
        }
    }

    /// <summary>A stream's configuration; null: it does not exist.</summary>
    internal static async Task<StreamConfig?> FindAsync(NatsJSContext context, string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await context.GetStreamAsync(name, cancellationToken: cancellationToken)).Info.Config;
        }
        catch (NatsJSApiException e) when (e.Error.Code == NotFound)
        {
            return null;
        }
    }

    private async Task CreateAsync(NatsJSContext context, NatsStreamOptions options, CancellationToken cancellationToken)
    {
        // The call is idempotent: of two that create it at once, both succeed.
        await context.CreateStreamAsync(
            new StreamConfig(options.Name, [.. options.Subjects])
            {
                Storage = StreamConfigStorage.File,
                Retention = StreamConfigRetention.Limits,
                Discard = StreamConfigDiscard.Old,
                MaxMsgs = -1,
                MaxBytes = -1,
                MaxAge = options.MaxAge,
                DuplicateWindow = options.DuplicateWindow,
                NumReplicas = options.Replicas,
            },
            cancellationToken);
        Log.StreamChanged(logger, options.Name, "created");
    }

    private async Task<bool> RepairAsync(
        NatsJSContext context, StreamConfig config, NatsStreamOptions options, CancellationToken cancellationToken)
    {
        var differences = Compare(config, options);
        if (differences.Count == 0)
        {
            return false;
        }

        var text = string.Join("; ", differences.Select(difference => difference.Difference));
        if (!options.Repair || differences.Any(difference => !difference.CanChange))
        {
            throw new NatsSetupException($"The stream '{options.Name}' is not as it has to be: {text}. Change it, or use another stream.");
        }

        await context.UpdateStreamAsync(
            config with
            {
                Subjects = [.. config.Subjects ?? [], .. Missing(config, options)],
                DuplicateWindow = Longer(config.DuplicateWindow, options.DuplicateWindow),
                MaxAge = config.MaxAge == TimeSpan.Zero || options.MaxAge == TimeSpan.Zero ? TimeSpan.Zero : Longer(config.MaxAge, options.MaxAge),
                NumReplicas = Math.Max(config.NumReplicas, options.Replicas),
                NoAck = false,
            },
            cancellationToken);
        Log.StreamChanged(logger, options.Name, $"changed, since {text}");
        return true;
    }

    private void WarnOfLosses(StreamConfig config)
    {
        if (NatsLosses.Of(config) is { Count: > 0 } losses)
        {
            Log.StreamLosesMessages(logger, config.Name ?? "", string.Join("; ", losses));
        }
    }

    private static IEnumerable<string> Missing(StreamConfig config, NatsStreamOptions options) =>
        options.Subjects.Where(subject => !(config.Subjects ?? []).Any(taken => NatsSubjects.Covers(taken, subject)));

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static string Join(IEnumerable<string> subjects) => string.Join(", ", subjects.Select(subject => $"'{subject}'"));
}
