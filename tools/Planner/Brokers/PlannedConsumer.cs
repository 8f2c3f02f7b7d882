namespace Relaybox.Planner.Brokers;

/// <summary>The function that handles a broker's messages.</summary>
/// <param name="Function">Its name.</param>
/// <param name="BatchCost">Which cost says how many messages an invocation has.</param>
/// <param name="Limit">The template's parameter that says how many invocations there are at once.</param>
/// <param name="LimitCost">Which cost says how many they are as the stack comes.</param>
/// <param name="Change">What to do where they are too few.</param>
internal sealed record PlannedConsumer(string Function, string BatchCost, string Limit, string LimitCost, string Change);
