using Relaybox.Local.Brokers.Nats;
using Relaybox.Local.Brokers.Sqs;

namespace Relaybox.Local.Brokers;

/// <summary>The brokers that the runner knows.</summary>
internal static class LocalBrokers
{
    /// <summary>All of them; the first is that of a template without the parameter <c>Broker</c>.</summary>
    public static IReadOnlyList<ILocalBroker> All { get; } = [new SqsLocalBroker(), new NatsLocalBroker()];

    /// <exception cref="RunnerException">No broker has the name; the message lists those that there are.</exception>
    public static ILocalBroker Find(string name) => All.FirstOrDefault(broker => broker.Name == name)
        ?? throw new RunnerException($"There is no such broker here. Choose one of: {string.Join(", ", All.Select(broker => broker.Name))}.");
}
