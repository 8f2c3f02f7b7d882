using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Amazon.Lambda.Core;
using Amazon.Lambda.DynamoDBEvents;
using Amazon.Lambda.Serialization.SystemTextJson;
using Amazon.Lambda.SQSEvents;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Relaybox.Diagnostics;
using Relaybox.Functions.Consume;
using Relaybox.Functions.Maintenance;
using Relaybox.Functions.Operate;
using Relaybox.Functions.Relay;
using Relaybox.Operations;
using Relaybox.Settings;

namespace Relaybox.Functions.Hosting;

/// <summary>Every function by the name that template.yaml gives it in ANNOTATIONS_HANDLER.</summary>
internal static class FunctionCatalog
{
    private static readonly Dictionary<string, Entry> Entries = new(StringComparer.Ordinal)
    {
        ["StreamRelay"] = new(
            FunctionNeeds.Publisher, Bind<StreamRelayFunction, DynamoDBEvent, StreamsEventResponse, StreamJsonContext>(StreamJsonContext.Customize)),
        ["SweepRelay"] = new(FunctionNeeds.Publisher | FunctionNeeds.Jobs, Scheduled<SweepRelayFunction>("sweep")),
        ["Consume"] = new(FunctionNeeds.Consumer | FunctionNeeds.Inbox, Bind<ConsumeFunction, SQSEvent, SQSBatchResponse, SqsJsonContext>(), "sqs"),
        ["PullConsume"] = new(FunctionNeeds.Inbox | FunctionNeeds.Stream | FunctionNeeds.Jobs, Scheduled<PullConsumeFunction>("pull"), "nats"),
        ["Cleanup"] = new(FunctionNeeds.Inbox | FunctionNeeds.Jobs, Scheduled<CleanupFunction>("cleanup")),
        ["ResetStale"] = new(FunctionNeeds.Inbox | FunctionNeeds.Jobs, Scheduled<ResetStaleFunction>("reset-stale")),
        ["Reconcile"] = new(FunctionNeeds.Jobs, Scheduled<ReconcileFunction>("reconcile")),
        ["Setup"] = new(FunctionNeeds.Setup, Bind<SetupFunction, SetupInput, JobReport, ScheduleJsonContext>()),
        ["Operate"] = new(
            FunctionNeeds.Jobs | FunctionNeeds.Inbox | FunctionNeeds.DeadLetters,
            Bind<OperateFunction, OperateRequest, OperateAnswer, OperationsJsonContext>(
                options => options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
                beforeSetup: () => new OperateAnswer { Problem = OperatorDesk.SetupMissing })),
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
                [$"{FunctionProcess.NameVariable} is not a function's name. Set it to one of: {string.Join(", ", Names)}."]);
        }

        // A stack without a consumer has no dead letters of its own.
        var (settings, _, errors) = entry.Needs.HasFlag(FunctionNeeds.DeadLetters)
            ? BuiltIn.ReadForOperators(getVariable)
            : (BuiltIn.Read(getVariable, entry.Needs), null, []);
        if (entry.Broker is { } broker && broker != settings.BrokerName)
        {
            throw new SettingsException([$"BROKER is '{settings.BrokerName}', and {name} works with '{broker}' alone. Set it to {broker}."]);
        }

        return entry.Bind(Composition.Build(name, settings, errors));
    }

    // Between a deployment and its Setup there is nothing to do, which is no failure.
    private static Func<IServiceProvider, Func<Stream, ILambdaContext, Task<Stream>>> Scheduled<TFunction>(string job)
        where TFunction : IFunction<ScheduleInput, JobReport> =>
        Bind<TFunction, ScheduleInput, JobReport, ScheduleJsonContext>(beforeSetup: () => new JobReport(job, 0, Complete: false));

    private static Func<IServiceProvider, Func<Stream, ILambdaContext, Task<Stream>>> Bind<TFunction, TInput, TOutput,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TJson>(
        Action<JsonSerializerOptions>? customize = null, Func<TOutput>? beforeSetup = null)
        where TFunction : IFunction<TInput, TOutput>
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
                    return Write(await function.HandleAsync(serializer.Deserialize<TInput>(input), context));
                }
                catch (Exception e)
                {
                    if (beforeSetup is not null && services.GetService<ISetupState>() is { } setup
                        && await setup.IsMissingAsync(e, CancellationToken.None))
                    {
                        FunctionLog.SetupMissing(services.GetRequiredService<ILoggerFactory>().CreateLogger("Setup"));
                        return Write(beforeSetup());
                    }

                    throw new FunctionFailedException(services.GetService<IExplainsFailures>()?.Explain(e) ?? e);
                }
            };

            Stream Write(TOutput output)
            {
                var stream = new MemoryStream();
                serializer.Serialize(output, stream);
                stream.Position = 0;
                return stream;
            }
        };
    }

    // Broker: the one that the function is for; null: it does not care.
    private sealed record Entry(
        FunctionNeeds Needs, Func<IServiceProvider, Func<Stream, ILambdaContext, Task<Stream>>> Bind, string? Broker = null);
}
