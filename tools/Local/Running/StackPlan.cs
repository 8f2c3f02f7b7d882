using Relaybox.Local.Brokers;
using Relaybox.Local.Stack;
using Relaybox.Local.Stores;
using Relaybox.Local.Template;

namespace Relaybox.Local.Running;

/// <summary>What a run will be. Nothing is started for it: a template that is wrong costs nobody a second.</summary>
/// <param name="Stack">The template with every value.</param>
/// <param name="Store">The store that the parameter <c>Store</c> names.</param>
/// <param name="Broker">The broker that the parameter <c>Broker</c> names.</param>
/// <param name="Ports">Where everything will listen.</param>
internal sealed record StackPlan(StackDefinition Stack, ILocalStore Store, ILocalBroker Broker, LocalPorts Ports)
{
    /// <summary>The stack's name, which its schedules' group has too.</summary>
    internal const string StackName = "relaybox";

    /// <summary>The store of the run.</summary>
    public required StoreRun StoreRun { get; init; }

    /// <summary>The broker of the run.</summary>
    public required BrokerRun BrokerRun { get; init; }

    /// <summary>What the secrets that the parameters name hold.</summary>
    public required LocalSecrets Secrets { get; init; }

    /// <summary>Reads the template, chooses ports, and gives the template the parameters that nobody has given.</summary>
    /// <exception cref="RunnerException">Something is wrong that the person at the keyboard can mend.</exception>
    public static StackPlan Make(RunnerOptions options)
    {
        var template = File.Exists(options.TemplatePath)
            ? File.ReadAllText(options.TemplatePath)
            : throw new RunnerException($"There is no template {options.TemplatePath}. Pass --template PATH.");
        var chosen = Explained(options, () => StackLoader.ReadParameters(template, options.Parameters));
        var store = LocalStores.Find(chosen.GetValueOrDefault("Store") ?? LocalStores.All[0].Name);
        var broker = LocalBrokers.Find(chosen.GetValueOrDefault("Broker") ?? LocalBrokers.All[0].Name);
        var ports = LocalPorts.Choose(options.PortBase, store, broker);
        var (storeRun, brokerRun) = (store.Create(ports.Store), broker.Create(ports.Broker));

        var secrets = new LocalSecrets(options.Secrets);
        var parameters = new Dictionary<string, string>(options.Parameters);
        storeRun.Configure(parameters, secrets);
        brokerRun.Configure(parameters, secrets);
        var stack = Explained(
            options,
            () => StackLoader.Load(
                template, new StackOptions(StackName, new Uri($"http://127.0.0.1:{ports.Sqs}/"), parameters) { Properties = options.Properties }));
        return new StackPlan(options.VisibilitySeconds is { } seconds ? WithVisibility(stack, seconds) : stack, store, broker, ports)
        {
            StoreRun = storeRun, BrokerRun = brokerRun, Secrets = secrets,
        };
    }

    private static T Explained<T>(RunnerOptions options, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (TemplateException exception)
        {
            throw new RunnerException($"{options.TemplatePath}: {exception.Message}", exception);
        }
    }

    private static StackDefinition WithVisibility(StackDefinition stack, int seconds)
    {
        var fed = stack.Functions.SelectMany(function => function.Events)
            .OfType<QueueEventDefinition>()
            .Select(source => source.QueueArn)
            .ToHashSet();
        return stack with
        {
            Queues = [.. stack.Queues.Select(queue => fed.Contains(queue.Arn)
                ? queue with { Attributes = new Dictionary<string, string>(queue.Attributes) { ["VisibilityTimeout"] = $"{seconds}" } }
                : queue)],
        };
    }
}
