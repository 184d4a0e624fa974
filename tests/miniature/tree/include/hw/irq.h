#ifndef HW_IRQ_H
#define HW_IRQ_H

void irq_set(int number, int level);
int irq_level(int number);

#endif
