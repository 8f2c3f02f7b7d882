using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Amazon.Lambda.Core;
using Amazon.Lambda.DynamoDBEvents;
using Amazon.Lambda.Serialization.SystemTextJson;
using Amazon.Lambda.SQSEvents;
using Microsoft.Extensions.DependencyInjection;
using Relaybox.Configuration;
using Relaybox.Functions.Consume;
using Relaybox.Functions.Maintenance;
using Relaybox.Functions.Relay;
using Relaybox.Stores.Postgres;

namespace Relaybox.Functions.Hosting;

/// <summary>Every function by the name that template.yaml gives it in ANNOTATIONS_HANDLER.</summary>
internal static class FunctionCatalog
{
    private static readonly Dictionary<string, Entry> Entries = new(StringComparer.Ordinal)
    {
        ["StreamRelay"] = new(FunctionNeeds.Publisher, Bind<StreamRelayFunction, DynamoDBEvent, StreamsEventResponse, StreamJsonContext>(
            (function, input, context) => function.HandleAsync(input, context), StreamJsonContext.Customize)),
        ["SweepRelay"] = new(FunctionNeeds.Publisher, Bind<SweepRelayFunction, ScheduleInput, JobReport, ScheduleJsonContext>(
            (function, input, context) => function.HandleAsync(input, context))),
        ["Consume"] = new(FunctionNeeds.Consumer | FunctionNeeds.Inbox, Bind<ConsumeFunction, SQSEvent, SQSBatchResponse, SqsJsonContext>(
            (function, input, context) => function.HandleAsync(input, context)), BrokerKind.Sqs),
        ["PullConsume"] = new(FunctionNeeds.Inbox | FunctionNeeds.Stream, Bind<PullConsumeFunction, ScheduleInput, JobReport, ScheduleJsonContext>(
            (function, input, context) => function.HandleAsync(input, context)), BrokerKind.Nats),
        ["Cleanup"] = new(FunctionNeeds.Inbox | FunctionNeeds.Jobs, Bind<CleanupFunction, ScheduleInput, JobReport, ScheduleJsonContext>(
            (function, input, context) => function.HandleAsync(input, context))),
        ["ResetStale"] = new(FunctionNeeds.Inbox | FunctionNeeds.Jobs, Bind<ResetStaleFunction, ScheduleInput, JobReport, ScheduleJsonContext>(
            (function, input, context) => function.HandleAsync(input, context))),
        ["Reconcile"] = new(FunctionNeeds.Jobs, Bind<ReconcileFunction, ScheduleInput, JobReport, ScheduleJsonContext>(
            (function, input, context) => function.HandleAsync(input, context))),
        ["Setup"] = new(FunctionNeeds.Setup, Bind<SetupFunction, ScheduleInput, JobReport, ScheduleJsonContext>(
            (function, input, context) => function.HandleAsync(input, context))),
    };

    /// <summary>The names of all functions.</summary>
    internal static IEnumerable<string> Names => Entries.Keys;

    /// <summary>Builds a function with everything that it needs.</summary>
    /// <exception cref="SettingsException">The name is unknown, or settings are wrong.</exception>
    internal static Func<Stream, ILambdaContext, Task<Stream>> Create(string? name, Func<string, string?> getVariable)
    {
        if (name is null || !Entries.TryGetValue(name, out var entry))
        {
            throw new SettingsException(
                [$"{FunctionProcess.NameVariable} is '{name}'. Set it to one of: {string.Join(", ", Names)}."]);
        }

        var settings = RelayboxSettings.Read(getVariable, entry.Needs);
        if (entry.Broker is { } broker && broker != settings.Broker)
        {
            throw new SettingsException([$"BROKER is '{Text(settings.Broker)}', and {name} works with '{Text(broker)}' alone. Set it to {Text(broker)}."]);
        }

        return entry.Bind(Composition.Build(name, settings));

        static string Text(BrokerKind broker) => broker.ToString().ToLowerInvariant();
    }

    private static Func<IServiceProvider, Func<Stream, ILambdaContext, Task<Stream>>> Bind<TFunction, TInput, TOutput,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TJson>(
        Func<TFunction, TInput, ILambdaContext, Task<TOutput>> invoke, Action<JsonSerializerOptions>? customize = null)
        where TFunction : notnull
        where TJson : JsonSerializerContext
    {
        return services =>
        {
            var function = services.GetRequiredService<TFunction>();
            var serializer = new SourceGeneratorLambdaJsonSerializer<TJson>(customize);
            return async (input, context) =>
            {
                try
                {
                    var output = await invoke(function, serializer.Deserialize<TInput>(input), context);
                    var stream = new MemoryStream();
                    serializer.Serialize(output, stream);
                    stream.Position = 0;
                    return stream;
                }
                catch (Exception e)
                {
                    throw new FunctionFailedException(services.GetService<PostgresConnections>()?.Explain(e) ?? e);
                }
            };
        };
    }

    // Broker: the one that the function is for; null: it does not care.
    private sealed record Entry(
        FunctionNeeds Needs, Func<IServiceProvider, Func<Stream, ILambdaContext, Task<Stream>>> Bind, BrokerKind? Broker = null);
}
