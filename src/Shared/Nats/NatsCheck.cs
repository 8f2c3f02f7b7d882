using System.Globalization;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Diagnostics;
using Relaybox.Operations;
using Relaybox.Settings;

namespace Relaybox.Nats;

/// <summary>Whether streams and consumer are there, are as Setup makes them, and keep messages for as long as the inbox remembers.</summary>
internal sealed class NatsCheck(NatsConnector connector, NatsSettings nats, RelayboxSettings settings) : IDoctorCheck
{
    private const string Setup = $"{Doctor.InvokeSetup}.";

    /// <inheritdoc />
    public string Name => "stream";

    /// <inheritdoc />
    public string Passed => "Streams and consumer are there, are as they have to be, and the inbox remembers what they keep.";

    /// <inheritdoc />
    public async Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            var session = await connector.OpenAsync(cancellationToken);
            return [.. await session.RunAsync(ct => FindAsync(session.JetStream, ct), cancellationToken), .. JudgeThreshold(session.MaxPayload)];
        }
        catch (NatsException e)
        {
            return
            [
                Finding.Problem(
                    $"{Name}.failed",
                    $"NATS cannot be used: {ErrorText.Bound(e.Message)}",
                    "Check NATS_URL, NATS_CA_FILE and NATS_CREDENTIALS_SECRET_ARN, that JetStream is on, and what the user may ask "
                    + "($JS.API.STREAM.INFO and $JS.API.CONSUMER.INFO)."),
            ];
        }
    }

    private IEnumerable<Finding> JudgeThreshold(long maxPayload)
    {
        if (settings.ClaimCheck?.ThresholdBytes >= maxPayload)
        {
            yield return Finding.Problem(
                $"{Name}.claim-check-threshold",
                $"CLAIM_CHECK_THRESHOLD_BYTES is {settings.ClaimCheck.ThresholdBytes}, but the server takes messages of {maxPayload} bytes "
                + "(max_payload): a payload between the two is parked.",
                "Lower it (template.yaml: ClaimCheckThresholdBytes), with room for headers, or raise the server's max_payload.");
        }
    }

    private async Task<IReadOnlyList<Finding>> FindAsync(NatsJSContext context, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        var stream = await JudgeAsync(context, nats.Stream, found, cancellationToken);
        if (!nats.SetupConsumer)
        {
            return found;
        }

        var dead = await JudgeAsync(context, nats.DeadLetters, found, cancellationToken);
        if (stream is not null && dead is not null)
        {
            found.AddRange(JudgeRetention(stream, dead));
        }

        if (stream is not null)
        {
            found.AddRange(Judge(await NatsConsumers.FindAsync(context, nats.Pull, cancellationToken)));
        }

        return found;
    }

    private static async Task<StreamConfig?> JudgeAsync(
        NatsJSContext context, NatsStreamOptions options, List<Finding> found, CancellationToken cancellationToken)
    {
        if (await NatsStreams.FindAsync(context, options.Name, cancellationToken) is not { } config)
        {
            found.Add(Finding.Problem(
                "stream.missing",
                $"The stream '{options.Name}' does not exist.",
                options.Create
                    ? $"{Setup} Where it exists under another name, set NATS_STREAM to that."
                    : $"Create it: nats stream add {options.Name} --subjects '{string.Join(',', options.Subjects)}'; or correct NATS_STREAM."));
            return null;
        }

        found.AddRange(NatsStreams.Compare(config, options).Select(difference => Finding.Problem(
            "stream.different",
            $"The stream '{options.Name}' is not as it has to be: {difference.Difference}.",
            options.Repair && difference.CanChange
                ? $"{Setup} It changes the stream; nats stream edit {options.Name} does, too."
                : difference.CanChange ? $"Change it: nats stream edit {options.Name}"
                : "That cannot be changed. Use another stream: set NATS_STREAM, and invoke Setup.")));
        found.AddRange(NatsLosses.Of(config).Select(loss => Finding.Warning(
            "stream.loses",
            $"The stream '{options.Name}' can lose messages before anybody has consumed them: {loss}.",
            $"Take the limit off: nats stream edit {options.Name}; or give it more room than an outage of the consumer fills.")));
        return config;
    }

    private IEnumerable<Finding> JudgeRetention(StreamConfig stream, StreamConfig dead)
    {
        if (stream.MaxAge == TimeSpan.Zero || dead.MaxAge == TimeSpan.Zero)
        {
            yield return Finding.Warning(
                "stream.for-ever",
                $"The stream '{(stream.MaxAge == TimeSpan.Zero ? stream : dead).Name}' keeps messages for ever: one that is delivered again when "
                + string.Create(
                    CultureInfo.InvariantCulture, $"the inbox has forgotten it, after {settings.Maintenance.ProcessedRetention.TotalHours:0} hours ")
                + "(PROCESSED_RETENTION_HOURS), becomes a dead letter.",
                $"Bound it: nats stream edit {(stream.MaxAge == TimeSpan.Zero ? stream : dead).Name} --max-age 4d");
        }
        else if (settings.WhyForgetful(new MessageHorizon(stream.MaxAge + dead.MaxAge, "as the two streams together keep messages")) is { } why)
        {
            yield return Finding.Problem("stream.inbox-forgets", why);
        }
    }

    private IEnumerable<Finding> Judge(ConsumerConfig? consumer)
    {
        var name = $"The consumer '{nats.Pull.Consumer}' of the stream '{nats.Pull.Stream}'";
        return consumer is null
                ? [Finding.Problem("stream.no-consumer", $"{name} does not exist: nobody pulls messages.", $"{Setup} Or correct CONSUMER_NAME.")]
            : !NatsConsumers.CanBePulled(consumer)
                ?
                [
                    Finding.Problem(
                        "stream.other-consumer",
                        $"{name} is not one to pull from with explicit acknowledgements.",
                        $"Delete it (nats consumer rm {nats.Pull.Stream} {nats.Pull.Consumer}) and invoke Setup, or use another CONSUMER_NAME."),
                ]
            : NatsConsumers.Compare(consumer, nats.Pull).Select(difference => Finding.Problem(
                "stream.consumer-different", $"{name} is not as it has to be: {difference}.", $"{Setup} It changes the consumer."));
    }
}
