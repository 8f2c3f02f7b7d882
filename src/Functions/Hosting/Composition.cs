using Amazon.DynamoDBv2;
using Amazon.Runtime;
using Amazon.SQS;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Relaybox.Configuration;
using Relaybox.Diagnostics;
using Relaybox.Functions.Consume;
using Relaybox.Functions.Handlers;
using Relaybox.Functions.Maintenance;
using Relaybox.Functions.Relay;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Messaging;
using Relaybox.Messaging.Nats;
using Relaybox.Messaging.Sqs;
using Relaybox.Outbox;
using Relaybox.Secrets;
using Relaybox.Stores.DynamoDb;
using Relaybox.Stores.Postgres;

namespace Relaybox.Functions.Hosting;

/// <summary>Puts the parts together. Clients are made when something first asks for them.</summary>
internal static class Composition
{
    // Well inside every function's timeout, so that a dead connection is given up while there is time to try again.
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(8);

    internal static ServiceProvider Build(string functionName, RelayboxSettings settings)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging
            .SetMinimumLevel(settings.LogLevel)
            .AddProvider(new JsonLoggerProvider(settings.LogLevel, functionName, JsonLines.StandardOutput)));
        services.AddSingleton(settings);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<ISecretSource>(_ => new LambdaSecrets(
            LambdaSecrets.CreateClient(settings.SecretsPort), () => Environment.GetEnvironmentVariable("AWS_SESSION_TOKEN"), TimeProvider.System));
        services.AddSingleton<IEntropy>(SystemEntropy.Instance);
        services.AddSingleton(new MetricsWriter(functionName, settings.MetricsNamespace, TimeProvider.System, JsonLines.StandardOutput));
        if (settings.DynamoDb is { } dynamoDb)
        {
            AddDynamoDb(services, dynamoDb);
        }

        if (settings.Postgres is { } postgres)
        {
            AddPostgres(services, postgres);
        }

        services.AddSingleton(_ => MessageFormats.Get(settings.MessageFormat, settings.CloudEventsSource));
        if (settings.Sqs is { } sqs)
        {
            AddSqs(services, sqs);
        }

        if (settings.Nats is { } nats)
        {
            AddNats(services, nats);
        }

        AddRelay(services, settings);
        AddConsumer(services, settings);
        services.AddSingleton(settings.Maintenance);
        services.AddSingleton<MaintenanceJobs>();
        services.AddSingleton<CleanupFunction>();
        services.AddSingleton<ResetStaleFunction>();
        services.AddSingleton<ReconcileFunction>();
        services.AddSingleton<SetupFunction>();
        return services.BuildServiceProvider();
    }

    private static void AddDynamoDb(ServiceCollection services, DynamoDbSettings settings)
    {
        services.AddSingleton<IAmazonDynamoDB>(_ => new AmazonDynamoDBClient(WithTimeouts(new AmazonDynamoDBConfig())));
        services.AddSingleton(settings.Outbox);
        services.AddSingleton(settings.Inbox);
        services.AddSingleton<IOutboxRepository, DynamoDbOutboxRepository>();
        services.AddSingleton<IInboxRepository, DynamoDbInboxRepository>();
        services.AddSingleton<IJobStore>(provider => new DynamoDbJobStore(
            provider.GetRequiredService<IAmazonDynamoDB>(),
            settings.JobsTable,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IEntropy>()));
    }

    private static void AddPostgres(ServiceCollection services, PostgresSettings settings)
    {
        services.AddSingleton(settings);
        services.AddSingleton(settings.Tables);
        services.AddSingleton(provider => new PostgresConnections(settings.Connection, provider.GetRequiredService<ISecretSource>()));
        services.AddSingleton<IOutboxRepository, PostgresOutboxRepository>();
        services.AddSingleton<IInboxRepository, PostgresInboxRepository>();
        services.AddSingleton<IJobStore, PostgresJobStore>();
        services.AddSingleton(new PostgresSignalOptions { Listen = !settings.Connection.Pooler });
        services.AddSingleton<IOutboxSignal, PostgresOutboxSignal>();
        services.AddSingleton<PostgresMigrator>();
        services.AddSingleton<ISetupStep, DatabaseSetup>();
    }

    private static void AddSqs(ServiceCollection services, SqsSettings settings)
    {
        services.AddSingleton<IAmazonSQS>(_ => new AmazonSQSClient(WithTimeouts(new AmazonSQSConfig())));
        services.AddSingleton(settings.Publisher);
        services.AddSingleton<IMessagePublisher, SqsMessagePublisher>();
        services.AddSingleton(provider => new SqsDeadLetters(
            provider.GetRequiredService<IAmazonSQS>(), settings.DeadLetterQueueUrl));
        services.AddSingleton(provider => new SqsVisibility(
            provider.GetRequiredService<IAmazonSQS>(),
            settings.Publisher.QueueUrl,
            provider.GetRequiredService<ILogger<SqsVisibility>>()));
    }

    private static void AddNats(ServiceCollection services, NatsSettings settings)
    {
        services.AddSingleton(settings);
        services.AddSingleton(settings.Publisher);
        services.AddSingleton(settings.Pull);
        services.AddSingleton(provider => new NatsConnector(
            settings.Connection,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<NatsConnector>>(),
            settings.CredentialsSecretArn is { } arn ? new CachedSecret(provider.GetRequiredService<ISecretSource>(), arn) : null));
        services.AddSingleton<IMessagePublisher, NatsMessagePublisher>();
        services.AddSingleton<NatsStreams>();
        services.AddSingleton<NatsConsumers>();
        services.AddSingleton<NatsMessagePuller>();
        services.AddSingleton<PullConsumeFunction>();
        services.AddSingleton<ISetupStep, BrokerSetup>();
    }

    private static void AddRelay(ServiceCollection services, RelayboxSettings settings)
    {
        services.AddSingleton(settings.Relay);
        services.AddSingleton<OutboxRelay>();
        services.AddSingleton(new SweepOptions(settings.Postgres?.Listen ?? TimeSpan.Zero));
        services.AddSingleton<StreamRelayFunction>();
        services.AddSingleton<SweepRelayFunction>();
    }

    private static void AddConsumer(ServiceCollection services, RelayboxSettings settings)
    {
        services.AddSingleton(settings.Consumer);
        services.AddSingleton(provider => HandlerSetup.Register(new HandlerRegistry(settings.ConsumerName), settings, provider));
        services.AddSingleton<InboxConsumer>();
        services.AddSingleton<ConsumeFunction>();
    }

    private static TConfig WithTimeouts<TConfig>(TConfig config)
        where TConfig : ClientConfig
    {
        config.Timeout = CallTimeout;
        config.MaxErrorRetry = 3;
        return config;
    }
}
