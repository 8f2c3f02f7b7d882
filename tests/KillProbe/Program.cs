using Relaybox.KillProbe;

// KillProbe CONNECTION SCHEMA STEP EVENT… prints each message's outcome. On MongoDB it prints the sessions of the transactions, too.
foreach (var outcome in await Probe.ConsumeAsync(args[0], args[1], args[2], args[3..]))
{
    Console.WriteLine(outcome);
}
