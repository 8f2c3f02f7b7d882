using Relaybox.Planner.Brokers;
using Relaybox.Planner.Costs;
using Relaybox.Planner.Stores;

namespace Relaybox.Planner.Planning;

/// <summary>Collects the parts of a plan.</summary>
internal sealed class PlanBuilder(double rate, CostSheet costs)
{
    private readonly List<Need> _needs = [];
    private readonly List<Limit> _limits = [];
    private readonly List<Charge> _charges = [];

    /// <summary>Events a second.</summary>
    public double Rate => rate;

    /// <summary>How many seconds of a function's run an event takes, of all functions together.</summary>
    public double FunctionSeconds { get; private set; }

    public double Cost(string id) => costs[id];

    /// <summary>How many of something carry the rate, with the headroom that the costs ask for.</summary>
    public double Units(double perUnit) => Math.Max(1, Math.Ceiling(rate / (perUnit * Cost("headroom")) - 1e-9));

    public double Need(string name, double count)
    {
        _needs.Add(new Need(name, count));
        return count;
    }

    /// <summary>How many of something were said to be needed.</summary>
    public double Needed(string name) => _needs.Single(need => need.Name == name).Count;

    public void Limit(string name, double perUnit, double units, string unit, string change, string? only = null) =>
        _limits.Add(new Limit(name, perUnit, units, unit, change, only));

    public void ChargeMonth(string name, double dollars) => _charges.Add(new Charge(name, dollars));

    /// <summary>A price of a million of something that each event takes so many of.</summary>
    public void ChargeMillions(string name, double perEvent, double dollarsPerMillion) =>
        ChargeMonth(name, rate * perEvent * Plan.SecondsPerMonth / 1e6 * dollarsPerMillion);

    public void ChargeHours(string name, double count, double dollarsPerHour) => ChargeMonth(name, count * dollarsPerHour * 730);

    /// <summary>Bytes that are kept, times the days for which they are.</summary>
    public void ChargeStored(string name, double byteDaysPerEvent, double dollarsPerGigabyteMonth) =>
        ChargeMonth(name, rate * 86_400 * byteDaysPerEvent / 1e9 * dollarsPerGigabyteMonth);

    /// <summary>Bytes times days of an event's sent row and inbox record.</summary>
    public double KeptBytes(string store) =>
        (Cost($"{store}.row_bytes") * Cost("sent_days")) + (Cost($"{store}.record_bytes") * Cost("processed_days"));

    /// <summary>A function that is invoked for so many events at a time.</summary>
    /// <param name="name">The function.</param>
    /// <param name="batch">How many events an invocation has.</param>
    /// <param name="milliseconds">How long it runs.</param>
    public void Function(string name, double batch, double milliseconds)
    {
        var seconds = milliseconds / 1000 / batch;
        FunctionSeconds += seconds;
        ChargeMillions($"Lambda: {name}, time", seconds, Cost("lambda.memory_gb") * Cost("lambda.dollars_per_gb_second") * 1e6);
        ChargeMillions($"Lambda: {name}, invocations", 1 / batch, Cost("lambda.dollars_per_million_requests"));
    }

    public Plan Build(IPlannedStore store, IPlannedBroker broker) =>
        new(rate, store, broker, _needs, [.. _limits.OrderBy(limit => limit.MetAt)], _charges);
}
