using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Operations;
using Relaybox.Secrets;
using Relaybox.Settings;

namespace Relaybox.Nats;

/// <summary>The servers and the streams, where the broker is NATS JetStream.</summary>
internal sealed record NatsSettings : BrokerSettings
{
    /// <summary>How long a dead letter is kept: 14 days, as long as SQS keeps one.</summary>
    public static readonly TimeSpan DeadLetterAge = TimeSpan.FromDays(14);

    /// <summary>How the servers are reached.</summary>
    public required NatsConnectionOptions Connection { get; init; }

    /// <summary>The ARN of the secret with the credentials; null: the servers ask for nothing, or the URL has them.</summary>
    public string? CredentialsSecretArn { get; init; }

    /// <summary>How events are sent.</summary>
    public required NatsPublisherOptions Publisher { get; init; }

    /// <summary>The stream of the events.</summary>
    public required NatsStreamOptions Stream { get; init; }

    /// <summary>How long the stream keeps a message, as <c>NATS_STREAM_MAX_AGE_HOURS</c> has it.</summary>
    public TimeSpan MaxAge { get; init; }

    /// <summary>The stream of the dead letters.</summary>
    public required NatsStreamOptions DeadLetters { get; init; }

    /// <summary>Whether Setup makes what a consumer needs: it, and the stream of the dead letters.</summary>
    public bool SetupConsumer { get; init; } = true;

    /// <summary>How messages are pulled.</summary>
    public required NatsPullOptions Pull { get; init; }

    /// <summary>How long one invocation goes on pulling.</summary>
    public required TimeSpan PullFor { get; init; }

    /// <summary>What the durable consumer of a stream is called: JetStream takes no dots there.</summary>
    /// <param name="consumer">The consumer's name in the inbox.</param>
    public static string DurableName(string consumer)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        return consumer.Replace('.', '_');
    }

    /// <inheritdoc />
    internal override MessageHorizon? Horizon =>
        new(MaxAge + DeadLetterAge, "NATS_STREAM_MAX_AGE_HOURS, and 14 days among the dead letters");

    /// <inheritdoc />
    internal override bool? Consumes => SetupConsumer;

    /// <inheritdoc />
    public override void AddServices(IServiceCollection services)
    {
        services.AddSingleton(this);
        services.AddSingleton(Publisher);
        services.AddSingleton(Pull);
        services.AddSingleton(provider => new NatsConnector(
            Connection,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<NatsConnector>>(),
            CredentialsSecretArn is { } arn ? new CachedSecret(provider.GetRequiredService<ISecretSource>(), arn) : null));
        services.AddSingleton<IMessagePublisher, NatsMessagePublisher>();
        services.AddSingleton<NatsStreams>();
        services.AddSingleton<NatsConsumers>();
        services.AddSingleton<NatsMessagePuller>();
        services.AddSingleton<IDeadLetters>(provider => new NatsDeadLetterStream(
            provider.GetRequiredService<NatsConnector>(), DeadLetters.Name, Pull.DeadLetterPrefix));
        services.AddSingleton<ISetupStep, NatsSetup>();
        services.AddSingleton<IDoctorCheck, NatsCheck>();
    }

    internal static NatsSettings Read(SettingsReader reader, RelayboxSettings settings)
    {
        var stream = reader.Matching("NATS_STREAM", "RELAYBOX", IsStreamName, "1 to 64 letters, digits, '-' and '_'");
        var prefix = reader.Matching(
            "NATS_SUBJECT_PREFIX", "relaybox", IsSubject, "dot-separated tokens of letters, digits, '-' and '_'");
        var replicas = reader.Number("NATS_REPLICAS", 1, 1, 5);
        var maxAge = reader.Hours("NATS_STREAM_MAX_AGE_HOURS", 96, 1, 87_600);

        // A copy that comes later than this is stored again, and left to the inbox.
        var duplicateWindow = settings.Relay.Lease + settings.Relay.LongestRetryDelay + TimeSpan.FromMinutes(1);
        if (maxAge < duplicateWindow)
        {
            reader.Add(
                $"NATS_STREAM_MAX_AGE_HOURS is {maxAge.TotalHours:0}, but the stream has to know an id for {duplicateWindow.TotalMinutes:0} minutes "
                + "(RELAY_LEASE_SECONDS, and the longest delay of a retry), "
                + "and JetStream knows none for longer than it keeps messages. Raise it, or shorten the lease.");
        }

        var isOurs = reader.Choice("NATS_STREAM_SETUP", true, ("make", true), ("check", false));
        return new NatsSettings
        {
            Connection = new NatsConnectionOptions
            {
                Url = reader.Required("NATS_URL", "the servers' URL, such as tls://nats.example.com:4222"),
                CaFile = reader.File("NATS_CA_FILE", "a file of PEM certificates"),
                Name = $"relaybox {reader.Optional("ANNOTATIONS_HANDLER")}".TrimEnd(),
            },
            CredentialsSecretArn = reader.Arn("NATS_CREDENTIALS_SECRET_ARN", "secretsmanager"),
            Publisher = new NatsPublisherOptions
            {
                SubjectPrefix = prefix,
                MaxInFlight = reader.Number("NATS_MAX_IN_FLIGHT", 256, 1, 4_096),
            },
            Stream = new NatsStreamOptions
            {
                Name = stream,
                Subjects = [$"{prefix}.>"],

                // How long somebody else's stream keeps what it takes is their decision.
                Create = isOurs,
                Repair = isOurs,
                DuplicateWindow = isOurs ? duplicateWindow : TimeSpan.Zero,
                MaxAge = isOurs ? maxAge : TimeSpan.FromTicks(1),
                Replicas = isOurs ? replicas : 1,
            },
            MaxAge = maxAge,
            DeadLetters = new NatsStreamOptions
            {
                Name = $"{stream}-DEAD",
                Subjects = [$"{prefix}-dead.>"],
                MaxAge = DeadLetterAge,
                Replicas = replicas,
            },
            SetupConsumer = reader.Choice("SETUP_CONSUMER", true, ("true", true), ("false", false)),
            Pull = new NatsPullOptions
            {
                Stream = stream,
                Consumer = DurableName(settings.ConsumerName),
                DeadLetterPrefix = $"{prefix}-dead",
                BatchSize = reader.Number("PULL_BATCH_SIZE", 50, 1, 500),
                BatchBytes = settings.BatchBytes,
                AckWait = settings.Consumer.Lease,
            },
            PullFor = reader.Seconds("PULL_SECONDS", 50, 1, 840),
        };
    }

    private static bool IsStreamName(string text) =>
        text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private static bool IsSubject(string text) => RowContract.CheckSubject(text) is null;
}
