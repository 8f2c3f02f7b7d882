using System.CommandLine;
using System.Numerics;
using Relaybox.Local;
using Relaybox.Planner.Brokers;
using Relaybox.Planner.Costs;
using Relaybox.Planner.Planning;
using Relaybox.Planner.Stores;

namespace Relaybox.Planner.Commands;

/// <summary>The options of every command that makes a plan.</summary>
internal sealed class PlanOptions
{
    private readonly Option<double> _rate = new("--rate") { Description = "Events a second", DefaultValueFactory = _ => 1_000 };
    private readonly Option<string> _store = Choice("--store", "Where the outbox is", PlannedStores.All.Select(store => store.Name));
    private readonly Option<string> _broker = Choice("--broker", "Through what events go", PlannedBrokers.All.Select(broker => broker.Name));

    public void AddTo(Command command)
    {
        command.Options.Add(_rate);
        command.Options.Add(_store);
        command.Options.Add(_broker);
    }

    /// <exception cref="RunnerException">The rate is not above 0, or there is no plan for the store or the broker.</exception>
    public Plan Make(CostSheet costs, ParseResult parsed) => StackPlanner.Make(
        costs,
        Positive(parsed.GetValue(_rate), "--rate"),
        PlannedStores.Find(parsed.GetValue(_store)!),
        PlannedBrokers.Find(parsed.GetValue(_broker)!));

    /// <exception cref="RunnerException">The value is not above 0.</exception>
    public static T Positive<T>(T value, string option)
        where T : INumber<T> =>
        value > T.Zero ? value : throw new RunnerException($"{option} {value}: expected more than 0.");

    private static Option<string> Choice(string name, string description, IEnumerable<string> values)
    {
        string[] known = [.. values];
        var option = new Option<string>(name) { Description = $"{description}: {string.Join(", ", known)}", DefaultValueFactory = _ => known[0] };
        option.CompletionSources.Add(known);
        return option;
    }
}
