using System.Transactions;

namespace Relaybox.Outbox;

/// <summary>Keeps a writer out of a <see cref="TransactionScope"/> that does not decide over what it writes.</summary>
internal static class AmbientScope
{
    /// <exception cref="InvalidOperationException">A scope is open.</exception>
    internal static void Refuse()
    {
        if (Transaction.Current is not null)
        {
            throw new InvalidOperationException(
                "A TransactionScope is open here, and the event would not be a part of it: it would be written also where the scope is rolled "
                + "back. Begin a transaction of the database instead and pass it to the writer (with EF Core: "
                + "Database.BeginTransactionAsync and GetDbTransaction), or call the writer in a scope with TransactionScopeOption.Suppress.");
        }
    }
}
